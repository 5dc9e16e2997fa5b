/** What an intake and its thread say to each other. */
export type ToIntake =
  | { readonly id: number; readonly kind: "piece"; readonly piece: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly kind: "end" }
  | { readonly id: number; readonly kind: "abandon" };

export type FromIntake =
  | { readonly id: number; readonly kind: "taken"; readonly bytes: number }
  | { readonly id: number; readonly kind: "result"; readonly result: unknown };

/** A computation in a thread that is given its input piece by piece. */
export interface Intake<T> {
  /** Hands a piece over; resolves when more can be taken. */
  write(piece: Uint8Array<ArrayBuffer>): Promise<void>;
  /** What the thread makes of all pieces. */
  end(): Promise<T>;
  /** Forgets the pieces; does nothing after the end. */
  abandon(): void;
}
