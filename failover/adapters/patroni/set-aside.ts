import { stat } from 'node:fs/promises';

/**
 * The copy of the database that Patroni could neither use nor remove: one at most, and it stays until a
 * person removes it. Null where there is none.
 */
export async function setAside(dataDir: string): Promise<{ path: string; since: string } | null> {
  const path = `${dataDir.replace(/\/+$/, '')}.failed`;
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  // A folder's name changes its status, and not the time of its content.
  return found && { path, since: found.ctime.toISOString() };
}
