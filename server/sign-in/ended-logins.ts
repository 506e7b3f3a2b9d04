import { createHash } from 'node:crypto';
import { commitRows } from '../log/commit-rows.ts';
import type { Stored } from '../log/stored.ts';
import { endedUntil, loginEndedRow } from '../storage/accounts/ended-sign-ins.ts';
import type { UpstreamEnd, UpstreamSession } from '../storage/accounts/upstream-sessions.ts';
import { JOURNEY_MS } from './journey.ts';

/** As long as a page of ours may be open that somebody came to by the login. */
const KEPT_MS = 2 * JOURNEY_MS;

/**
 * Logins that their provider has ended, for those who came back by one before that and are not in yet: their browser has a page of
 * ours open, or a device is just being let in.
 */
export class EndedLogins {
  readonly #stored: Pick<Stored, 'database' | 'locks' | 'log' | 'now'>;

  constructor(stored: Pick<Stored, 'database' | 'locks' | 'log' | 'now'>) {
    this.#stored = stored;
  }

  /** Nobody who came by it before comes in behind this; who is in by then is found by the caller. */
  async end(end: UpstreamEnd): Promise<void> {
    const { locks, log, now } = this.#stored;
    const rows = namesOfEnd(end).map((id) => loginEndedRow({ id, expiresMs: now() + KEPT_MS }));
    await locks.run(lockOfEnd(end), () => commitRows(log, rows));
  }

  /** Whether it was ended since the provider vouched for it. In the login's turn: see `alone`. */
  async hasEnded(login: UpstreamSession, vouchedMs: number): Promise<boolean> {
    const until = await endedUntil(this.#stored.database, namesOfLogin(login));
    return until !== undefined && until - KEPT_MS > vouchedMs;
  }

  /** From asking whether it has ended to the commit that lets somebody in. */
  alone<T>({ issuer, subject, sid }: UpstreamSession, work: () => Promise<T>): Promise<T> {
    const { locks } = this.#stored;
    const ofPerson = () => locks.run(personLock(issuer, subject), work);
    return sid === null ? ofPerson() : locks.run(loginLock(issuer, sid), ofPerson);
  }
}

const personLock = (issuer: string, subject: string) =>
  `upstream:${JSON.stringify([issuer, subject])}`;
const loginLock = (issuer: string, sid: string) =>
  `upstream-login:${JSON.stringify([issuer, sid])}`;

const lockOfEnd = ({ issuer, subject, sid }: UpstreamEnd): string =>
  subject === undefined ? loginLock(issuer, sid) : personLock(issuer, subject);

/** What `isMeant` says of logins that are stored, in names by which one that is not is found. */
function namesOfEnd({ issuer, subject, sid }: UpstreamEnd): readonly string[] {
  if (subject === undefined) return [named('login', issuer, sid)];
  if (sid === undefined) return [named('person', issuer, subject)];
  return [named('login of', issuer, subject, sid), named('some login of', issuer, subject)];
}

function namesOfLogin({ issuer, subject, sid }: UpstreamSession): readonly string[] {
  const person = named('person', issuer, subject);
  if (sid === null) return [person, named('some login of', issuer, subject)];
  return [person, named('login', issuer, sid), named('login of', issuer, subject, sid)];
}

/** Of one length, however long the provider's are. */
const named = (...parts: readonly string[]): string =>
  `ended:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
