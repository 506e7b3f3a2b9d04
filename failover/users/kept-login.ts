import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** An administrator, as logged in here. */
export interface Login {
  readonly userId: string;
  readonly token: string;
}

/** Between two calls of the command. */
export interface KeptLogin {
  read(): Login | null;
  keep(login: Login): void;
  forget(): void;
}

/** In the home of whoever asks, for nobody else's eyes; `FAROL_TOKEN` comes first, for scripts. */
export function keptLogin(environment: NodeJS.ProcessEnv, home: string): KeptLogin {
  const folder = environment.XDG_CONFIG_HOME ?? join(home, '.config');
  const file = join(folder, 'farol/login.json');
  return {
    read() {
      const { FAROL_TOKEN: token } = environment;
      return token === undefined ? readLogin(file) : { userId: '', token };
    },
    keep(login) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // The rights of a file that is there would stay.
      rmSync(file, { force: true });
      writeFileSync(file, JSON.stringify(login), { mode: 0o600 });
    },
    forget: () => rmSync(file, { force: true }),
  };
}

function readLogin(file: string): Login | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Login;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`${file} cannot be read; farol users login writes it anew`, { cause: error });
  }
}
