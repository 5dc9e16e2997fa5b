/**
 * An immutable map in key order (by code unit). A change costs O(log n) and shares everything
 * else with the map it came from, so a state of 10,000 processes can be kept per decision, and
 * two states can be compared in the size of their difference.
 */
import btree from "sorted-btree";
import diffAgainst from "sorted-btree/extended/diffAgainst.js";

// Both are CommonJS modules with a default export, which Node hands over one level deeper.
const BTree = btree.default;
const diffTrees = diffAgainst.default;

type Tree<K, V> = InstanceType<typeof BTree<K, V>>;

/** What happened to one key between two maps. */
export interface Difference<K extends string, V> {
  readonly key: K;
  readonly before?: V | undefined;
  readonly after?: V | undefined;
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export class SortedMap<K extends string, V> {
  readonly #tree: Tree<K, V>;

  private constructor(tree: Tree<K, V>) {
    this.#tree = tree;
  }

  static empty<K extends string, V>(): SortedMap<K, V> {
    return new SortedMap(new BTree<K, V>([], compareKeys));
  }

  static from<K extends string, V>(entries: Iterable<readonly [K, V]>): SortedMap<K, V> {
    return new SortedMap(new BTree<K, V>([...entries] as [K, V][], compareKeys));
  }

  get size(): number {
    return this.#tree.size;
  }

  get(key: K): V | undefined {
    return this.#tree.get(key);
  }

  has(key: K): boolean {
    return this.#tree.has(key);
  }

  with(key: K, value: V): SortedMap<K, V> {
    const tree = this.#tree.clone();
    tree.set(key, value);
    return new SortedMap(tree);
  }

  without(key: K): SortedMap<K, V> {
    if (!this.#tree.has(key)) return this;
    const tree = this.#tree.clone();
    tree.delete(key);
    return new SortedMap(tree);
  }

  keys(): IterableIterator<K> {
    return this.#tree.keys();
  }

  values(): IterableIterator<V> {
    return this.#tree.values();
  }

  entries(): IterableIterator<[K, V]> {
    return this.#tree.entries();
  }

  /** The values whose keys come after `key`, in order; all of them without a key. */
  *valuesAfter(key: K | undefined): IterableIterator<V> {
    for (const [k, value] of this.#tree.entries(key)) if (k !== key) yield value;
  }

  /** The keys whose values are not the same object in `after`, in key order. */
  differences(after: SortedMap<K, V>): Difference<K, V>[] {
    const found: Difference<K, V>[] = [];
    diffTrees(
      this.#tree,
      after.#tree,
      (key, before) => void found.push({ key, before }),
      (key, value) => void found.push({ key, after: value }),
      (key, before, value) => void found.push({ key, before, after: value }),
    );
    return found.sort((a, b) => compareKeys(a.key, b.key));
  }
}
