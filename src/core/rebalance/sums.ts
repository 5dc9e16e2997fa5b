/** Columns of numbers, added up: plain loops, since callbacks take several times as long. */

/** Adds to each sum so many times the term at its place. */
export function addTo(
  sums: Float64Array | Uint32Array,
  terms: Float64Array | Uint32Array,
  times = 1,
): void {
  for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + times * terms[i]!;
}

export function sumOf(terms: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < terms.length; i++) sum += terms[i]!;
  return sum;
}

export function scaled(terms: Float64Array, factor: number): Float64Array {
  const products = terms.slice();
  for (let i = 0; i < products.length; i++) products[i] = products[i]! * factor;
  return products;
}
