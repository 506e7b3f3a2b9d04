import { expect, test } from 'vitest';
import type { RoomAlias, RoomId, ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { AliasesElsewhere, OF_ALL_MAX, OF_SERVER_MAX } from './aliases-elsewhere.ts';

const far = 'far.example' as ServerName;
const found = { roomId: '!castle:far.example' as RoomId, servers: [far] };

test('who asks for an alias that is asked for already waits for the one answer', async () => {
  const bench = workbench();
  const both = [bench.resolve('#castle:far.example'), bench.resolve('#castle:far.example')];
  expect(bench.asked).toEqual(['#castle:far.example']);
  bench.answer();
  expect(await Promise.all(both)).toEqual([found, found]);
  await bench.resolve('#castle:far.example');
  expect(bench.asked).toHaveLength(2);
});

test('of one server few aliases are asked for at once, and of all together a bounded number', async () => {
  const bench = workbench();
  const own = Array.from({ length: OF_SERVER_MAX }, (_, at) =>
    bench.resolve(`#a${at}:far.example`),
  );
  await expect(bench.resolve('#one:far.example')).rejects.toMatchObject({ status: 429 });
  const others = Array.from({ length: OF_ALL_MAX - OF_SERVER_MAX }, (_, at) =>
    bench.resolve(`#a:s${at}.example`),
  );
  await expect(bench.resolve('#one:more.example')).rejects.toMatchObject({
    errcode: 'M_LIMIT_EXCEEDED',
  });
  expect(bench.asked).toHaveLength(OF_ALL_MAX);
  bench.answer();
  await Promise.all([...own, ...others]);
  expect(await bench.resolve('#one:far.example')).toEqual(found);
});

test('a server that cannot be asked is a bad gateway, and what it says itself is passed on', async () => {
  const unreachable = Object.assign(new Error('no way'), { name: 'ServerUnreachable' });
  const failing = (error: Error) =>
    new AliasesElsewhere({ resolveAlias: () => Promise.reject(error) }).resolve(
      '#castle:far.example' as RoomAlias,
    );
  await expect(failing(unreachable)).rejects.toMatchObject({ status: 502, errcode: 'M_UNKNOWN' });
  const forbids = new MatrixError(403, 'M_FORBIDDEN', 'Not for you');
  await expect(failing(forbids)).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  const ours = new TypeError('a bug of ours');
  await expect(failing(ours)).rejects.toBe(ours);
});

/** A server that answers when it is told to. */
function workbench() {
  const asked: RoomAlias[] = [];
  const { promise, resolve: answer } = Promise.withResolvers<void>();
  const aliases = new AliasesElsewhere({
    async resolveAlias(alias) {
      asked.push(alias);
      await promise;
      return found;
    },
  });
  return { asked, answer, resolve: (alias: string) => aliases.resolve(alias as RoomAlias) };
}
