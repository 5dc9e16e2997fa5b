/** The part of pino that the pusher uses: fields first, never a secret or a callback's query. */
type Write = (fields: object, message: string) => void;

export interface Log {
  readonly isLevelEnabled: (level: "debug") => boolean;
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
