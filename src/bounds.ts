/** How much of what stays open is held at once; beyond, callers are asked to come again. */
export interface Bounds {
  readonly eventStreamsMax: number;
}

export const BOUNDS: Bounds = { eventStreamsMax: 2_000 };
