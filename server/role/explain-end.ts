import { ConfigError } from '../config/read-config.ts';
import { AddressInUse } from '../http/listen.ts';
import { WrongIdentity } from '../identity/identity.ts';
import { SecretFileError } from '../identity/secret-file.ts';
import { AlreadyRunning } from '../storage/embedded/alone.ts';
import { SchemaTooNew } from '../storage/migrate.ts';

/** Of sysexits(3): 78 wrong configuration, 75 try again, 1 all else that needs a person. */
export const EXIT = { stopped: 0, person: 1, again: 75, configuration: 78 } as const;

export interface End {
  /** One sentence that says who must act. */
  readonly sentence: string;
  readonly code: number;
}

/** Why the program ends, for the operator. */
export function explainEnd(error: unknown, where: { data: string }): End {
  if (error instanceof ConfigError) return { sentence: error.message, code: EXIT.configuration };
  if (isDiskFull(error)) {
    return {
      sentence: `The disk under ${where.data} is full: the operator must make room and start Farol again; nothing that was acknowledged is lost.`,
      code: EXIT.person,
    };
  }
  if (error instanceof AddressInUse) {
    return {
      sentence: `Another program uses the address ${error.message}: stop it, or choose another address with --listen.`,
      code: EXIT.person,
    };
  }
  if (error instanceof AlreadyRunning) {
    return {
      sentence: `Another Farol (process ${error.message}) works on the data folder ${where.data}: stop it, or name another folder with --data.`,
      code: EXIT.person,
    };
  }
  if ([SchemaTooNew, WrongIdentity, SecretFileError].some((known) => error instanceof known)) {
    return { sentence: (error as Error).message, code: EXIT.person };
  }
  return { sentence: chainOf(error), code: EXIT.again };
}

/** SQLSTATE 53100, ENOSPC of Node, or the words of initdb and postgres, anywhere in the chain. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, sqlstate } = error as { code?: unknown; sqlstate?: unknown };
  if (code === '53100' || sqlstate === '53100' || code === 'ENOSPC') return true;
  return /no space left on device/i.test(error.message) || isDiskFull(error.cause);
}

/** What happened, and what was behind it. */
export function chainOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${chainOf(error.cause)}`;
}
