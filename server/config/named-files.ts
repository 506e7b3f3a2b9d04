import { readdirSync, readFileSync } from 'node:fs';
import { ConfigError } from './config-error.ts';

/** What lies in a file that a key names. Throws ConfigError: who must do what. */
export const readFileOf = (key: string, file: string): string =>
  named(key, file, () => readFileSync(file, 'utf8'));

/** Without the end of its line. */
export const readPasswordOf = (key: string, file: string): string =>
  readFileOf(key, file).replace(/\r?\n$/, '');

export const filesIn = (key: string, folder: string): string[] =>
  named(key, folder, () => readdirSync(folder));

function named<T>(key: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ConfigError(
      `The key "${key}" names ${path}, which cannot be read (${(cause as Error).message}): mend that, or leave the key out.`,
      { cause },
    );
  }
}
