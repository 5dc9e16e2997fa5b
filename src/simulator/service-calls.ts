/** The calls of an orchestration script, over HTTP. */

export interface Registered {
  readonly created: {
    readonly storageServers: readonly {
      readonly id: string;
      readonly signingSecret: string;
      readonly token: string;
    }[];
  };
}

/** The part of a rebalance that is shown. */
export interface Rebalanced {
  readonly id: string | null;
  readonly state: string;
  readonly revision: number | null;
  readonly movedAddresses: number;
  readonly minimumMovedAddresses: number;
  readonly rangesBefore: number;
  readonly rangesAfter: number;
  readonly imbalance: { readonly before: number; readonly after: number };
}

export interface Cluster {
  readonly imbalance: number;
}

export class ServiceCalls {
  /** As `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly #token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.#token = token;
  }

  register(topology: object): Promise<Registered> {
    return this.#call("POST", "/v1/topology", topology);
  }

  /** The last revision that storage servers are sent. */
  async headRevision(): Promise<number> {
    const table = await this.#call<{ revision: number }>("GET", "/v1/link-assignments");
    return table.revision;
  }

  cluster(): Promise<Cluster> {
    return this.#call("GET", "/v1/cluster");
  }

  setReplicationCost(replicationCost: number): Promise<Cluster> {
    return this.#call("PATCH", "/v1/cluster", { settings: { replicationCost } });
  }

  /** Answers when every storage server has acknowledged. */
  rebalance(reason: string): Promise<Rebalanced> {
    const query = "wait=converged&timeoutSeconds=10";
    return this.#call("POST", `/v1/rebalances?${query}`, { reason });
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`);
    return JSON.parse(text) as T;
  }
}
