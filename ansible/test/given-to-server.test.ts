import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible } from './ansible.ts';

// What the server of a site reads at its next start: the role's own tasks, below another folder, with the server of this checkout.

vi.setConfig({ testTimeout: 300_000 });

const onlyWithAnsible = test.skipIf(!ANSIBLE_IS_HERE);
const PROVIDER = { id: 'company', name: 'The Company', issuer: 'https://id.example.org' };

onlyWithAnsible(
  'what the server refuses leaves what it would read at its next start as it was',
  async () => {
    const site = aSite();
    const before = site.seen();
    const refused = await site.give({ ...PROVIDER, clientId: '' });
    expect(refused.said).toContain('does not take what the inventory says of it');
    expect(refused.said).toContain(site.provider);
    expect(refused.status).not.toBe(0);
    expect(site.seen()).toEqual(before);

    const taken = await site.give({ ...PROVIDER, clientId: 'farol' });
    expect([taken.said, taken.status]).toEqual([expect.not.stringContaining('fatal:'), 0]);
    expect(site.seen()).toEqual({
      ...before,
      'server.yml': expect.stringContaining('chat.example.org'),
      'company.yaml': expect.stringContaining('"clientId":"farol"'),
    });
  },
);

onlyWithAnsible('what somebody put there by hand is seen, and none of it is moved', async () => {
  const site = aSite();
  const byHand = join(site.given, 'by-hand.yaml');
  const other = { ...PROVIDER, id: 'other', issuer: 'https://other.example.org' };
  const own = JSON.stringify({ ...other, clientId: 'farol' });
  const providers = `${site.provider}, ${byHand}`;
  const missing = await site.give({ ...PROVIDER, clientId: 'farol' }, ...naming(providers));
  expect(missing.said).toContain(`${byHand}, which the key`);
  writeFileSync(byHand, own);
  const taken = await site.give({ ...PROVIDER, clientId: 'farol' }, ...naming(providers));
  expect([taken.said, taken.status]).toEqual([expect.not.stringContaining('fatal:'), 0]);
  expect(site.seen()['by-hand.yaml']).toBe(own);
});

onlyWithAnsible(
  'what was taken is asked again once any of it is another, and not before',
  async () => {
    const site = aSite();
    const asked = join(site.given, '../asked');
    const program = join(site.given, '../program');
    writeFileSync(program, `echo asked >> ${asked}\n`);
    const give = async (is: object, ...options: string[]) => {
      const told = JSON.stringify({ farol_server_program: ['sh', program] });
      expect((await site.give(is, ...options, '--extra-vars', told)).status).toBe(0);
      return readFileSync(asked, 'utf8').split('\n').length - 1;
    };
    expect(await give(PROVIDER, '--check')).toBe(1);
    expect(await give(PROVIDER)).toBe(2);
    expect(await give(PROVIDER)).toBe(2);
    expect(await give({ ...PROVIDER, name: 'Another' })).toBe(3);
    writeFileSync(join(site.given, 'by-hand.yaml'), 'id: other');
    expect(await give({ ...PROVIDER, name: 'Another' })).toBe(4);
    expect(await give({ ...PROVIDER, name: 'Another' })).toBe(4);
  },
);

test.skipIf(!ANSIBLE_IS_HERE || userInfo().uid !== 0)(
  'the server is asked as the user that it runs as, who must be able to read all of it',
  async () => {
    const site = aSite();
    const program = join(site.given, '../program');
    writeFileSync(program, 'id -un && cat "$2" "$(dirname "$2")"/files/* > /dev/null\n');
    chmodSync(join(site.given, '..'), 0o755);
    const known = JSON.stringify({ farol_server_program: ['sh', program], farol_user: 'nobody' });
    const give = () => site.give(PROVIDER, '--extra-vars', known);
    const taken = await give();
    expect([taken.said, taken.status]).toEqual([expect.not.stringContaining('fatal:'), 0]);
    writeFileSync(join(site.given, 'by-hand.yaml'), 'id: other', { mode: 0o600 });
    expect((await give()).said).toMatch(/by-hand.yaml.?: Permission denied/);
  },
);

onlyWithAnsible('a dry run says what the server refuses, too, and writes nothing', async () => {
  const site = aSite();
  const before = site.seen();
  expect((await site.give({ ...PROVIDER, clientId: '' }, '--check')).said).toContain(
    'does not take',
  );
  expect((await site.give({ ...PROVIDER, clientId: 'farol' }, '--check')).status).toBe(0);
  expect(site.seen()).toEqual(before);
});

/** As if the inventory said so of the server, in the place of the one provider that it has. */
const naming = (providers: string): string[] => {
  const content = { serverName: 'chat.example.org', signIn: { providers } };
  return ['--extra-vars', JSON.stringify({ farol_server_file: { name: 'server.yml', content } })];
};

/** A site whose server was given a provider already. */
function aSite() {
  const folder = temporaryFolder();
  const given = join(folder, 'server');
  const provider = join(given, 'company.yaml');
  const taken = join(temporaryFolder(), 'taken');
  mkdirSync(given);
  writeFileSync(provider, 'of before');
  writeFileSync(join(folder, 'server.yml'), 'of before');
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  const own = { owner: userInfo().username, group };
  return {
    given,
    provider,
    seen: () =>
      Object.fromEntries(
        [folder, given].flatMap((at) =>
          readdirSync(at, { withFileTypes: true })
            .filter((each) => each.isFile())
            .map(({ name }) => [name, readFileSync(join(at, name), 'utf8')]),
        ),
      ),
    give(told: object, ...options: string[]) {
      const settings = { serverName: 'chat.example.org', signIn: { providers: provider } };
      const variables = {
        farol_asks: true,
        farol_server_program: [process.execPath, join(ANSIBLE, '../server/main.ts')],
        farol_server_file: { name: 'server.yml', content: settings },
        farol_given_folder: given,
        farol_given_files: [
          { path: given, ...own },
          { path: provider, content: `${JSON.stringify(told)}\n`, ...own },
        ],
        farol_files: [
          { path: join(folder, 'server.yml'), content: JSON.stringify(settings), ...own },
        ],
        ...{ farol_units: [], preflight_running: [], plan_monitors: [] },
        ...{ farol_user: '', farol_taken: taken },
        ...{ plan_release_name: 'tried', preflight_releases: ['tried'] },
      };
      return ansible(
        'ansible-playbook',
        ...['--extra-vars', JSON.stringify(variables), ...options, 'test/given-to-server.yml'],
      );
    },
  };
}
