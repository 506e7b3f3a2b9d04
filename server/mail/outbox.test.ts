import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { freePort } from '../../test/support/free-port.ts';
import { freshDatabase } from '../../test/support/postgres.ts';
import { emailBy, startMailServer } from '../../test/support/smtp.ts';
import { startWriter } from '../../test/support/writer.ts';
import { commitRows } from '../log/commit-rows.ts';
import { type Log, NotWriter } from '../log/log.ts';
import type { Database } from '../storage/database.ts';
import { waitingMails } from '../storage/mail/mails.ts';
import { filledIn } from './letters.ts';
import { type Fate, Outbox } from './outbox.ts';
import { type SmtpSettings, smtpTransport } from './smtp.ts';

test('what was not sent when its writer ended is sent by the next one, and once', async () => {
  await using at = await ground();
  const gone = await at.begin({ port: await freePort() });
  await gone.write('alice@example.org');
  await gone.write('bob@example.org');
  await gone.fate('failed');
  await gone.end();
  await using mail = await startMailServer();
  const next = await at.begin({ port: mail.port });
  expect((await mail.count(2)).map(({ to }) => to[0]).sort()).toEqual([
    ...['alice@example.org', 'bob@example.org'],
  ]);
  await next.noted(2);
  await next.end();
  const last = await at.begin({ port: mail.port });
  await last.write('carol@example.org');
  expect((await mail.count(3)).at(-1)!.to).toEqual(['carol@example.org']);
  expect(mail.arrived).toHaveLength(3);
  await last.end();
});

test('what is committed and may not be told yet is not mailed', async () => {
  await using at = await ground();
  await using mail = await startMailServer();
  const box = await at.begin({ port: mail.port });
  box.mayAnswer = false;
  await box.write('alice@example.org');
  await expect.poll(() => box.asked).toBeGreaterThan(1);
  expect(mail.arrived).toEqual([]);
  box.mayAnswer = true;
  await mail.count(1);
  await box.end();
});

test('a mail that may have been sent comes again under the same Message-ID', async () => {
  await using at = await ground();
  await using mail = await startMailServer();
  const first = await at.begin({ port: mail.port, keepsSent: false });
  await first.write('alice@example.org');
  await mail.count(1);
  await first.end();
  const next = await at.begin({ port: mail.port });
  const ids = (await mail.count(2)).map(({ raw }) => /^Message-ID: (.*)\r$/m.exec(raw)![1]);
  expect(ids[0]).toBe(ids[1]);
  await next.end();
});

test('a mail server that is away is asked again until it is there', async () => {
  await using at = await ground();
  const port = await freePort();
  const box = await at.begin({ port });
  await box.write('alice@example.org');
  await box.fate('failed');
  expect(box.errors[0]).toMatch(/The mail server cannot be used .*the operator should look/);
  await using mail = await startMailServer({ port });
  await mail.count(1);
  await box.end();
});

test('who is to be written to later holds up nobody', async () => {
  await using at = await ground();
  const answers = new Map([
    ['grey@example.org', 451],
    ['gone@example.org', 550],
  ]);
  await using mail = await startMailServer({
    onRcptTo: ({ address }, _session, done) => {
      const responseCode = answers.get(address);
      done(responseCode === undefined ? null : Object.assign(new Error('no'), { responseCode }));
    },
  });
  const box = await at.begin({ port: mail.port });
  for (const name of ['grey', 'gone', 'well']) await box.write(`${name}@example.org`);
  expect((await mail.count(1))[0]!.to).toEqual(['well@example.org']);
  await Promise.all([box.fate('later'), box.fate('refused')]);
  answers.clear();
  await box.noted(3);
  at.clock.ms += 60_000;
  box.outbox.wake();
  expect((await mail.count(2))[1]!.to).toEqual(['grey@example.org']);
  await box.noted(4);
  expect(await waitingMails(at.database, { nowMs: at.clock.ms, limit: 10 })).toEqual([]);
  await box.end();
});

test('those at which the mail server hangs up hold up nobody', async () => {
  await using at = await ground();
  await using mail = await startMailServer({
    onRcptTo: ({ address }, _session, done) =>
      done(
        address === 'well@example.org'
          ? null
          : Object.assign(new Error('no'), { responseCode: 421 }),
      ),
  });
  const box = await at.begin({ port: mail.port });
  for (const name of ['1', '2', '3', '4', '5', '6']) await box.write(`pit${name}@example.org`);
  await box.fate('failed');
  await box.write('well@example.org');
  expect((await mail.count(1))[0]!.to).toEqual(['well@example.org']);
  await box.end();
});

test('a day later nothing is sent any more', async () => {
  await using at = await ground();
  const gone = await at.begin({ port: await freePort() });
  await gone.write('alice@example.org');
  await gone.end();
  at.clock.ms += 24 * 3_600_000;
  await using mail = await startMailServer();
  const next = await at.begin({ port: mail.port });
  await next.write('bob@example.org');
  expect((await mail.count(1))[0]!.to).toEqual(['bob@example.org']);
  await next.end();
});

test.each<[string, Partial<SmtpSettings>]>([
  ['does not offer to hide what goes there', { security: 'starttls' }],
  ['refuses the login', { user: 'farol', password: 'wrong' }],
])('a mail server that %s gets nothing, and all of it waits', async (_what, smtp) => {
  await using at = await ground();
  await using mail = await startMailServer({
    ...{ authOptional: smtp.user === undefined, allowInsecureAuth: true },
    onAuth: (_auth, _session, done) => done(new Error('no')),
  });
  const box = await at.begin({ port: mail.port, ...smtp });
  await box.write('alice@example.org');
  await box.fate('failed');
  expect(mail.arrived).toEqual([]);
  expect(await waitingMails(at.database, { nowMs: at.clock.ms, limit: 10 })).toHaveLength(1);
  await box.end();
});

test.each(['starttls', 'tls'] as const)(
  'what goes to a mail server by %s is hidden, and only where it is known',
  async (security) => {
    await using at = await ground();
    const authority = await certificateAuthority(temporaryFolder());
    const issued = await authority.issue('mail', { dns: ['localhost'] });
    await using mail = await startMailServer({
      ...{ secure: security === 'tls', disabledCommands: [], authOptional: false },
      ...{ cert: readFileSync(issued.certificate), key: readFileSync(issued.key) },
      onAuth: ({ username, password }, _session, done) =>
        username === 'farol' && password === 'secret'
          ? done(null, { user: username })
          : done(new Error('no')),
    });
    const known = {
      port: mail.port,
      host: 'localhost',
      security,
      user: 'farol',
      password: 'secret',
    };
    const stranger = await at.begin(known);
    await stranger.write('alice@example.org');
    await stranger.fate('failed');
    expect(mail.arrived).toEqual([]);
    await stranger.end();
    const box = await at.begin({ ...known, ca: readFileSync(authority.ca, 'utf8') });
    expect((await mail.count(1))[0]!.to).toEqual(['alice@example.org']);
    await box.end();
  },
);

test('a mail of a kind that only a later release knows holds up nobody', async () => {
  await using at = await ground();
  await using mail = await startMailServer();
  const box = await at.begin({ port: mail.port });
  await box.write('alice@example.org', 'of-tomorrow');
  await box.write('bob@example.org');
  await box.fate('refused');
  expect((await mail.count(1))[0]!.to).toEqual(['bob@example.org']);
  await box.end();
});

/** A database, on which one writer after the other sends. */
async function ground() {
  const fresh = await freshDatabase();
  const { database } = fresh;
  const clock = { ms: 1_800_000_000_000 };
  return {
    ...{ database, clock },
    begin: (options: BoxOptions) =>
      begin({ url: fresh.url, database, now: () => clock.ms }, options),
    [Symbol.asyncDispose]: () => fresh[Symbol.asyncDispose](),
  };
}

interface BoxOptions extends Partial<SmtpSettings> {
  readonly port: number;
  /** Else this writer dies with each mail between its sending and the note of that. */
  readonly keepsSent?: boolean;
}

async function begin(
  { url, database, now }: { url: string; database: Database; now: () => number },
  { keepsSent = true, ...smtp }: BoxOptions,
) {
  const writer = await startWriter(url);
  const [news, fates, errors] = [new EventEmitter(), new Set<Fate>(), [] as string[]];
  let notes = 0;
  const commit: Log['commit'] = async (build) => {
    if (!keepsSent) throw new NotWriter('It died');
    const value = await writer.commit(build);
    notes += 1;
    news.emit('note');
    return value;
  };
  const telling = { mayAnswer: true, asked: 0 };
  const mayAnswer = () => {
    telling.asked += 1;
    return telling.mayAnswer;
  };
  const email = emailBy(smtp.port);
  const outbox = new Outbox({
    stored: { database, log: { commit, mayAnswer }, now },
    transport: smtpTransport({ ...email.smtp, ...smtp }),
    perHourMax: email.perHourMax,
    textOf: (kind) => filledIn(email.letters, kind, {}),
    onError: (error) => errors.push((error as Error).message),
    onFate(fate) {
      fates.add(fate);
      news.emit('fate');
    },
    pauseMs: () => 20,
  });
  outbox.begin();
  return Object.assign(telling, {
    ...{ outbox, errors },
    async write(recipient: string, kind = 'no-account') {
      await commitRows(writer, [outbox.row(recipient, kind, {})]);
      outbox.wake();
    },
    /** Resolves when a mail has met this fate. */
    async fate(fate: Fate) {
      while (!fates.has(fate)) await once(news, 'fate');
    },
    /** Resolves when it has been noted of so many what became of them. */
    async noted(count: number) {
      while (notes < count) await once(news, 'note');
    },
    async end() {
      await outbox.close();
      await writer.close();
    },
  });
}
