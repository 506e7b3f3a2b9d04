import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { keyNames } from '../../core/etcd/names.ts';
import { Etcd } from './etcd.ts';
import { Gateway } from './gateway.ts';

test('while etcd takes writes no other member stands still beside one that has not come to its end', async () => {
  expect(await stoodStill({ noSpace: false })).toEqual([0, 1]);
});

test('once it takes none there is nothing to lose, and all the others give back what is old', async () => {
  expect(await stoodStill({ noSpace: true })).toEqual([0, 1, 2]);
});

/** Which of three members were asked to, of which the second does not come to its end. */
async function stoodStill({ noSpace }: { readonly noSpace: boolean }): Promise<number[]> {
  const asked: number[] = [];
  const answers = (member: number, path: string) => {
    if (path.endsWith('/status'))
      return { header: { revision: '7' }, errors: noSpace ? ['memberID:1 alarm:NOSPACE '] : [] };
    if (!path.endsWith('/defragment')) return {};
    asked.push(member);
    return member === 1 ? null : {};
  };
  const endpoints = await Promise.all([0, 1, 2].map((member) => etcdThat(member, answers)));
  const gateway = new Gateway({ endpoints, deadlineMs: 1_000 });
  onTestFinished(() => gateway.close());
  const etcd = new Etcd(gateway, keyNames('farol', 'farol'), 'a');
  await expect(etcd.makeRoom()).rejects.toThrow();
  return asked;
}

async function etcdThat(
  member: number,
  answers: (member: number, path: string) => object | null,
): Promise<string> {
  const server = createServer((request, response) => {
    const answer = answers(member, request.url ?? '');
    response.statusCode = answer === null ? 503 : 200;
    response.end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
