import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

/** An administrator, as logged in here. */
export interface Login {
  readonly userId: string;
  readonly token: string;
}

/** Between two calls of the command. */
export interface KeptLogin {
  /** Of whoever asks: what a script brings comes before what is kept. */
  token(): string | undefined;
  /** A script brings one, and nothing of what is kept counts. */
  readonly isBrought: boolean;
  read(): Login | null;
  keep(login: Login): void;
  forget(): void;
}

/** In the home of whoever asks, for nobody else's eyes; `FAROL_TOKEN` is for scripts. */
export function keptLogin(environment: NodeJS.ProcessEnv, home: string): KeptLogin {
  const file = join(configFolder(environment, home), 'farol/login.json');
  const { FAROL_TOKEN: brought } = environment;
  return {
    token: () => brought ?? readLogin(file)?.token,
    isBrought: brought !== undefined,
    read: () => readLogin(file),
    keep(login) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const anew = `${file}.new`;
      // The rights of a file that is there would stay.
      rmSync(anew, { force: true });
      writeFileSync(anew, JSON.stringify(login), { mode: 0o600 });
      renameSync(anew, file);
    },
    forget: () => rmSync(file, { force: true }),
  };
}

/** What is empty or relative is to be passed over (XDG Base Directory Specification): a token would lie in whatever folder this is. */
function configFolder({ XDG_CONFIG_HOME: told = '' }: NodeJS.ProcessEnv, home: string): string {
  return isAbsolute(told) ? told : join(home, '.config');
}

function readLogin(file: string): Login | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Login;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`${file} cannot be read; farol users login writes it anew`, { cause: error });
  }
}
