/**
 * A backup is a database file and, beside it, a file with its checksum in the form of `sha256sum`.
 * The name says when it was made, of which generation and revision, and of which cluster; the time
 * comes first, so that names sort by it.
 */
const NAME = /^evenkeel-(\d{8}T\d{9}Z)-g(\d{1,16})-r(\d{1,16})-[A-Za-z0-9]{1,8}\.db$/;

export interface Named {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly generation: number;
  readonly revision: number;
}

export function backupName({
  createdAt,
  generation,
  revision,
  clusterId,
}: Named & { readonly clusterId: string }): string {
  const time = formatFileTime(createdAt);
  return `evenkeel-${time}-g${generation}-r${revision}-${shortClusterId(clusterId)}.db`;
}

/** What a name says; nothing where it is not that of a backup. */
export function parseBackupName(name: string): Named | undefined {
  const [, time, generation, revision] = NAME.exec(name) ?? [];
  if (time === undefined) return undefined;
  const createdAt = Date.parse(
    time.replace(/^(....)(..)(..T)(..)(..)(..)(...)Z$/, "$1-$2-$3$4:$5:$6.$7Z"),
  );
  if (Number.isNaN(createdAt)) return undefined;
  return { createdAt, generation: Number(generation), revision: Number(revision) };
}

/** In the form that is usual in names of files, `20261126T021500123Z`. */
export function formatFileTime(at: number): string {
  return new Date(at).toISOString().replace(/[-:.]/g, "");
}

/** Enough to tell by eye whose it is. */
export function shortClusterId(clusterId: string): string {
  return clusterId.replace(/[^A-Za-z0-9]/g, "").slice(0, 8) || "0";
}

export const checksumFileOf = (file: string): string => `${file}.sha256`;

export const formatChecksum = (sha256: string, name: string): string => `${sha256}  ${name}\n`;

/** The hex digits, also where `sha256sum` has read the file as binary. */
export function parseChecksum(text: string): string | undefined {
  return /^([0-9a-f]{64}) [ *]\S/.exec(text)?.[1];
}
