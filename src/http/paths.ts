/** What a request's URL names. A path can be written in more ways than one. */

export const METRICS_PATH = "/metrics";

const PATH_CHARACTERS_MAX = 1000;

/** As it was written, without the query. */
export function pathOf(url: string): string {
  return url.split("?", 1)[0]!;
}

/** For logs and problems: without the query, where a caller may have put a secret, and bounded. */
export function shownPath(url: string): string {
  return pathOf(url).slice(0, PATH_CHARACTERS_MAX);
}

/** What nobody sees without a token, whether it is there or not. */
export function isGuarded(url: string): boolean {
  return isApi(url) || decodedPath(url).startsWith(METRICS_PATH);
}

/** The usual way of writing it needs no second look. */
export function isApi(url: string): boolean {
  return url.startsWith("/v1") || decodedPath(url).startsWith("/v1");
}

function decodedPath(url: string): string {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return url;
  }
}
