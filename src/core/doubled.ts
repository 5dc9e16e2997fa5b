/** The same column with room for as much again, for what gathers rows whose number isn't known. */
export function doubled<Column extends Int32Array | Uint32Array | Float64Array>(
  column: Column,
): Column {
  const larger = new (column.constructor as new (length: number) => Column)(2 * column.length);
  larger.set(column);
  return larger;
}
