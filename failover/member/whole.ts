import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Why the data of etcd in this folder cannot be copied and exchanged as a whole, as a clause; null where nothing speaks against it. A copy has links as links, so
 * what is written to it would be written to the data; and a rename, which happens or does not, goes no further than a device, and takes
 * no place where something is mounted.
 */
export async function reasonNotWhole(dataDir: string): Promise<string | null> {
  const { dev } = await stat(dirname(dataDir));
  const member = join(dataDir, 'member');
  for (const folder of [dataDir, member, join(member, 'wal'), join(member, 'snap')]) {
    const found = await lstat(folder);
    if (found.isSymbolicLink()) return `${folder} is a link`;
    if (!found.isDirectory()) return `${folder} is no folder`;
    if (found.dev !== dev) return `${folder} is on another device than ${dirname(dataDir)}`;
  }
  const mounted = (await mounts()).find((each) => `${each}/`.startsWith(`${dataDir}/`));
  if (mounted !== undefined) return `something is mounted at ${mounted}`;
  const entries = await readdir(member, { recursive: true, withFileTypes: true });
  const odd = entries.find((each) => !each.isFile() && !each.isDirectory());
  return odd === undefined
    ? null
    : `${join(odd.parentPath, odd.name)} is neither a file nor a folder`;
}

/** Spaces and the like stand there as `\040`. */
async function mounts(): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.map((line) =>
    line
      .split(' ')[4]!
      .replaceAll(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))),
  );
}
