import { ConfigError } from '../config/read-config.ts';
import type { Config } from '../config/schema.ts';
import { AddressInUse, CannotListen } from '../http/listen.ts';
import { WrongIdentity } from '../identity/identity.ts';
import { SecretFileError } from '../identity/secret-file.ts';
import { NoBootClock } from '../log/deadline.ts';
import { AlreadyRunning } from '../storage/embedded/alone.ts';
import { PostgresRefuses } from '../storage/embedded/embedded-postgres.ts';
import { FolderError } from '../storage/make-folder.ts';
import { SchemaTooNew } from '../storage/migrate.ts';

/** Of sysexits(3): 78 wrong configuration, 75 try again, 1 all else that needs a person. */
export const EXIT = { stopped: 0, person: 1, again: 75, configuration: 78 } as const;

export interface End {
  /** One sentence that says who must act. */
  readonly sentence: string;
  readonly code: number;
}

type Where = Pick<Config, 'data' | 'listen'> & Partial<Pick<Config, 'database' | 'metricsListen'>>;

/** Why the program ends, for the operator. */
export function explainEnd(error: unknown, where: Where): End {
  if (error instanceof ConfigError) return { sentence: error.message, code: EXIT.configuration };
  return (
    ofTheDisk(error, where) ??
    ofTheAddress(error, where) ??
    ofAnotherProcess(error, where) ??
    ofTheDatabase(error, where) ??
    inItsOwnWords(error) ?? { sentence: chainOf(error), code: EXIT.again }
  );
}

function ofTheDisk(error: unknown, where: Where): End | undefined {
  if (!isDiskFull(error)) return undefined;
  return {
    sentence: `The disk under ${where.data} is full: the operator must make room and start Farol again; nothing that was acknowledged is lost.`,
    code: EXIT.person,
  };
}

function ofTheAddress(error: unknown, where: Where): End | undefined {
  if (error instanceof AddressInUse) {
    return {
      sentence: `Another program uses the address ${error.message}: stop it, or choose another address with ${optionFor(error.message, where)}.`,
      code: EXIT.person,
    };
  }
  if (!(error instanceof CannotListen)) return undefined;
  const { code } = error.cause as NodeJS.ErrnoException;
  const advice =
    code === 'EADDRNOTAVAIL' ? 'this machine has no such address;' : 'allow this user the port, or';
  return {
    sentence: `Farol cannot listen on ${error.address} (${error.message}): ${advice} choose another one with ${optionFor(error.address, where)}.`,
    code: EXIT.person,
  };
}

const optionFor = (address: string, where: Where) =>
  address === where.metricsListen ? '--metrics-listen' : '--listen';

function ofAnotherProcess(error: unknown, where: Where): End | undefined {
  if (!(error instanceof AlreadyRunning)) return undefined;
  return {
    sentence: `Another Farol (process ${error.message}) works on the data folder ${where.data}: stop it, or name another folder with --data.`,
    code: EXIT.person,
  };
}

/** A database of the operator's own. Its name, password and right to connect do not mend themselves. */
function ofTheDatabase(error: unknown, where: Where): End | undefined {
  if (where.database === undefined || !(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOTFOUND' || (code !== undefined && REFUSED_FOR_GOOD.test(code))) {
    return {
      sentence: `The database cannot be used (${error.message}): mend the key "database", or what it names.`,
      code: EXIT.configuration,
    };
  }
  if (syscall === 'connect' || syscall === 'getaddrinfo' || code === 'ECONNREFUSED') {
    return {
      sentence: `The database does not answer (${chainOf(error) || code}): start it, or mend the key "database".`,
      code: EXIT.again,
    };
  }
  return undefined;
}

/** SQLSTATE: invalid authorization, no such database, no right to it. */
const REFUSED_FOR_GOOD = /^(28...|3D000|42501)$/;

function inItsOwnWords(error: unknown): End | undefined {
  const known = [
    SchemaTooNew,
    WrongIdentity,
    SecretFileError,
    FolderError,
    PostgresRefuses,
    NoBootClock,
  ];
  if (!known.some((each) => error instanceof each)) return undefined;
  return { sentence: (error as Error).message, code: EXIT.person };
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
