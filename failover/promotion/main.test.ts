import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { temporaryFolder } from '../../test/support/folder.ts';

const run = promisify(execFile);

test('a certificate that PostgreSQL’s user cannot read is a no, and the agent finds why', async () => {
  const folder = temporaryFolder();
  const told = join(folder, 'last.json');
  const ended = run(process.execPath, [
    join(import.meta.dirname, 'main.ts'),
    ...['--site', 'b', '--etcd', 'https://127.0.0.1:1', '--tls', join(folder, 'tls')],
    // The last is of a later release.
    ...['--told', told, '--unheard-of', 'x'],
  ]);
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Farol does not let b be promoted: ENOENT'),
  });
  expect(JSON.parse(readFileSync(told, 'utf8'))).toMatchObject({
    kind: 'certificate',
    why: expect.stringContaining('ca.crt'),
  });
});

test('a copy that waits is asked for with the certificate that is there by then', async () => {
  const [before, after] = [await certified(), await certified()];
  const tls = temporaryFolder();
  cpSync(before, tls, { recursive: true });
  let leads = true;
  const etcd = createServer(contextOf(before), (_request, response) => {
    const kvs = [{ key: base64('x'), value: base64('a'), mod_revision: '1' }];
    response.end(JSON.stringify({ responses: leads ? [{ response_range: { kvs } }] : [] }));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void etcd.close());
  await once(etcd, 'listening');
  const { port } = etcd.address() as AddressInfo;
  const waiting = spawn(process.execPath, [
    ...[join(import.meta.dirname, 'main.ts'), 'await-source', '--source', 'host=127.0.0.1'],
    ...['--patroni', String(process.pid), '--cluster', 'farol', '--site', 'b'],
    ...['--etcd', `https://127.0.0.1:${port}`, '--tls', tls],
  ]);
  onTestFinished(() => void waiting.kill('SIGKILL'));
  let said = '';
  waiting.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await vi.waitFor(() => expect(said).toContain('Patroni of a is not in etcd'));
  etcd.setSecureContext(contextOf(after));
  etcd.closeAllConnections();
  await vi.waitFor(() => expect(said).toContain('certificate'));
  leads = false;
  cpSync(after, tls, { recursive: true });
  await vi.waitFor(() => expect(waiting.exitCode).toBe(3));
});

/** A folder as etcd's clients have it, by an authority of its own. */
async function certified(): Promise<string> {
  const { folder, issue } = await certificateAuthority(temporaryFolder());
  await issue('site', { ip: ['127.0.0.1'] });
  return folder;
}

/** Without tickets: whoever comes back with one is not asked for a certificate. */
const contextOf = (folder: string) => ({
  secureOptions: constants.SSL_OP_NO_TICKET,
  cert: readFileSync(join(folder, 'site.crt')),
  key: readFileSync(join(folder, 'site.key')),
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
