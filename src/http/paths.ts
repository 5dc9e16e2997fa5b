/** What a request's URL names. A path can be written in more ways than one. */

/** As it was written, without the query. */
export function pathOf(url: string): string {
  return url.split("?", 1)[0]!;
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
