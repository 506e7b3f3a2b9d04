import { constants } from 'node:fs';
import { chmod, open, rename, writeFile } from 'node:fs/promises';

/** Its folder is that of another user, who could put anything there; what is read is shown to people. */
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const BYTES_MAX = 4_096;
const CHARACTERS_MAX = 300;

/** What another program of this site left for the agent; null where nobody can read it. */
export async function wordIn(path: string): Promise<unknown> {
  return textOf(path).then(parsed, () => null);
}

/** Its beginning; rejects where nobody can read it, with ENOENT where there is none. */
export async function textOf(path: string, bytesMax = BYTES_MAX): Promise<string> {
  const file = await open(path, OPEN);
  try {
    if (!(await file.stat()).isFile()) throw new Error(`${path} is no file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A word for another program of this site, whole or not at all. `mode` says who may read it, whatever this program's umask is. */
export async function leaveWord(path: string, word: object, mode: number): Promise<void> {
  const own = `${path}.${process.pid}`;
  await writeFile(own, JSON.stringify(word), { mode: 0o600 });
  await chmod(own, mode);
  await rename(own, path);
}

/** No colours, bells or lines of their own on an operator's terminal. */
export const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, CHARACTERS_MAX);
