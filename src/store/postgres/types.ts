/** How values of PostgreSQL are read; for our connections alone. */
import pg from "pg";

const { builtins } = pg.types;

/** Amounts and revisions are exact, or they are refused. */
function parseInt8(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`the number ${text} is beyond 2^53 - 1`);
}

export const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (type: number, format?: "text" | "binary") =>
    type === builtins.INT8 ? parseInt8 : pg.types.getTypeParser(type, format as "text"),
};
