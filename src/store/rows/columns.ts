/** Records as rows: which column keeps which field. */

export type SqlValue = string | number | Uint8Array | null;
export type SqlRow = readonly SqlValue[];

/** How a field that isn't text or a number is kept. */
interface EncodedColumn {
  readonly column: string;
  readonly encode: (value: never) => SqlValue;
  readonly decode: (value: never) => unknown;
}

/** Names every field, so a field added to the model doesn't compile until it has a column. */
export type Columns<Fields> = {
  readonly [Name in keyof Fields]-?: string | EncodedColumn;
};

export const json = (column: string): EncodedColumn => ({
  column,
  encode: (value: unknown) => JSON.stringify(value),
  decode: (value: string) => JSON.parse(value),
});

export const boolean = (column: string): EncodedColumn => ({
  column,
  encode: Number,
  decode: (value: number) => value === 1,
});

/** As a plain array: a driver's Buffer would be equal to no digest that the core has made. */
export const bytes = (column: string): EncodedColumn => ({
  column,
  encode: (value: Uint8Array) => value,
  decode: (value: Uint8Array) => Uint8Array.from(value),
});

export interface RowCodec<Fields> {
  readonly columns: readonly string[];
  toRow(fields: Fields): SqlRow;
  /** `row` has the order of `columns`. Absent fields are undefined. */
  fromRow(row: SqlRow): Fields;
}

export function rowCodec<Fields>(columns: Columns<Fields>): RowCodec<Fields> {
  const names = Object.keys(columns) as (keyof Fields & string)[];
  const codecs = names.map((name) => columns[name]);
  return {
    columns: codecs.map((codec) => (typeof codec === "string" ? codec : codec.column)),
    toRow: (fields) => codecs.map((codec, i) => encode(codec, fields[names[i]!])),
    fromRow: (row) =>
      Object.fromEntries(names.map((name, i) => [name, decode(codecs[i]!, row[i]!)])) as Fields,
  };
}

function encode(codec: string | EncodedColumn, value: unknown): SqlValue {
  if (value === undefined) return null;
  return typeof codec === "string" ? (value as SqlValue) : codec.encode(value as never);
}

function decode(codec: string | EncodedColumn, value: SqlValue): unknown {
  if (value === null) return undefined;
  return typeof codec === "string" ? value : codec.decode(value as never);
}
