import { expect, test } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { startFederating } from '../../test/support/federating.ts';
import { raise } from '../../test/support/users-house.ts';
import { doctorFederation } from './doctor-federation.ts';
import { keptLogin } from './kept-login.ts';

test('an operator sees at which step the way to another server ends, who must do what, and that it goes on when that is done', async () => {
  const authority = await certificateAuthority();
  const there = await startFederating(authority);
  // Nobody knows where this one is: its keys cannot be read.
  await using house = await raise({
    federation: {
      ...{ enabled: true, ca: authority.ca, peers: new Map(), deny: ['evil.org'] },
      allowNetworks: ['127.0.0.0/8', '::1'],
    },
  });
  const said: string[] = [];
  const farol = async (words: readonly string[], json = false) => {
    said.length = 0;
    const login = keptLogin({}, house.home);
    const around = { api: house.plain, login, print: (text: string) => void said.push(text) };
    return doctorFederation({ words, json }, around);
  };
  await expect(farol([there.name])).rejects.toThrow('Log in as an administrator first');
  await house.asAdministrator();
  await expect(farol([])).rejects.toThrow('farol doctor federation example.org');

  expect(await farol(['evil.org'])).toBe(3);
  expect(said.join()).toMatch(
    /AMISS {2}admission .*\n\nIt ends at admission\. Here, .*federation\.allow/s,
  );

  expect(await farol([there.name])).toBe(3);
  expect(said.join()).toMatch(/well {3}connection .*well {3}keys .*AMISS {2}request .*status 401/s);
  expect(said.join()).toMatch(/Here, .*let example\.org be reached from outside/);

  await there.reachable(false);
  expect(await farol([there.name], true)).toBe(3);
  const { failed } = JSON.parse(said.join());
  expect(failed).toMatchObject({ step: 'connection', must: { who: 'other_server' } });
  expect(await farol(['no name'])).toBe(3);
  expect(said.join()).toContain('not a server name');
});

test('two servers that know each other get there', async () => {
  const authority = await certificateAuthority();
  const [here, there] = [await startFederating(authority), await startFederating(authority)];
  const token = await here.register('root', 'DESK', { admin: true });
  const { body } = await here.ask(`GET /_farol/admin/v1/federation/${there.name}`, { token });
  expect(body).toMatchObject({ server_name: there.name, failed: null });
  expect(body.findings.map(({ step }: { step: string }) => step)).toEqual([
    ...['admission', 'connection', 'keys', 'request'],
  ]);
});
