/** Adds to each sum the term at its place. */
export function addTo(sums: Float64Array | Uint32Array, terms: Float64Array | Uint32Array): void {
  for (let i = 0; i < sums.length; i++) sums[i] = sums[i]! + terms[i]!;
}

export function sumOf(terms: Float64Array): number {
  return terms.reduce((sum, term) => sum + term, 0);
}
