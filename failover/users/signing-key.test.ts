import { expect, test } from 'vitest';
import { aSecret } from '../../test/support/house.ts';
import { raise } from '../../test/support/users-house.ts';
import { keptLogin } from './kept-login.ts';
import { signingKey } from './signing-key.ts';

test('an operator sees with which key the server signs, has another take its place, and sees when the one of before ended', async () => {
  await using house = await raise({
    ...{ sealedBy: aSecret },
    federation: { enabled: true, peers: new Map(), deny: [], allowNetworks: [] },
  });
  const said: string[] = [];
  const farol = async (words: string, json = false) => {
    said.length = 0;
    const login = keptLogin({}, house.home);
    const asked = { words: words.split(' '), json };
    const around = { api: house.plain, login, print: (text: string) => void said.push(text) };
    return signingKey(asked, around);
  };
  await expect(farol('show')).rejects.toThrow('Log in as an administrator first');
  await house.asAdministrator();
  await expect(farol('exchange')).rejects.toThrow('farol signing-key change');
  expect([await farol('show'), said.join()]).toEqual([
    ...[0, expect.stringMatching(/^ed25519:\w{8} signs, with the public key \S{43}$/)],
  ]);
  const [before] = said.join().split(' ');
  expect(await farol('change')).toBe(0);
  const [now, old] = said.join().split('\n');
  expect(now).not.toContain(before);
  const ends = new Date(house.api.clock.ms + 60_000).toISOString();
  expect(old).toBe(`${before} did until ${ends}`);
  expect(await farol('show', true)).toBe(0);
  const told = JSON.parse(said.join());
  const { verify_keys } = (await house.api.ask('GET /_matrix/key/v2/server')).body;
  expect(Object.keys(verify_keys)).toEqual([told.key_id]);
});
