/**
 * The order in which servers are turned to when the head has moved: those that lost addresses
 * first, since nobody may serve these before they have acknowledged it (distribution, hand-over).
 */
export function losersFirst<T>(items: Iterable<T>, isLoser: (item: T) => boolean): T[] {
  const all = [...items];
  return [...all.filter(isLoser), ...all.filter((item) => !isLoser(item))];
}
