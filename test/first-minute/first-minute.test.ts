import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeAbandoned } from '../cluster/support/engine.ts';
import { type Machine, machine, type Started } from './machine.ts';

/**
 * The first of the two commands of README, on machines that were just installed: Debian 12, whose
 * Node.js 18 only installs and starts ours, and Debian 13. Neither may make user namespaces.
 */
const HOME = '/root/farol';
const LATER_NPMS = ['10', '11'];

beforeAll(removeAbandoned);

describe.each(['bookworm', 'trixie'])('on a new Debian %s', (release) => {
  let debian: Machine;
  beforeAll(async () => {
    debian = await machine(release);
    expect((await debian.run('stat -c %a /root && mv /opt/farol /root')).stdout.trim()).toBe('700');
    expect((await debian.run('unshare --user true')).code).not.toBe(0);
  });
  afterAll(() => debian[Symbol.asyncDispose]());

  test("npm start serves root in root's own folder, says what it does, and how to make a user", async () => {
    const started = await debian.start({ folder: HOME });
    const said = await started.untilReady();
    expect(said).toMatch(/Installing what Farol needs[\s\S]*added \d+ packages/);
    expect((await makeUser(said)).stdout).toContain('"user_id":"@alice:localhost"');
    await stop(started, 'TERM');
  });

  test('whoever stops npm stops the server and its database, with every npm', async () => {
    for (const npm of await npms()) {
      for (const [signal, whom] of SIGNALS) {
        const started = await debian.start({ folder: HOME, npm });
        await started.untilReady();
        await stop(started, signal, whom);
        expect((await started.said()).match(/Farol is stopping/g), npm).toHaveLength(1);
      }
    }
  });

  test('after SIGKILL the next npm start has the users of the one before', async () => {
    const first = await debian.start({ folder: HOME });
    await first.untilReady();
    await first.kill('KILL', 'group');
    await first.untilEnded();
    const second = await debian.start({ folder: HOME });
    await second.untilReady();
    expect((await login()).stdout).toContain('"user_id":"@alice:localhost"');
    await second.kill('KILL', 'group');
    // A power cut takes the database too.
    await debian.run('pkill -KILL postgres');
    const third = await debian.start({ folder: HOME });
    await third.untilReady();
    expect((await login()).stdout).toContain('"user_id":"@alice:localhost"');
    await stop(third, 'TERM');
  });

  test("npm start serves a user in a folder of that user's own, and tells who may not have root's data", async () => {
    const folder = '/home/alice/farol';
    await debian.run(`mv ${HOME} ${folder} && chown -R alice: ${folder}`);
    await debian.run(`chown -R nobody: ${folder}/data/db*`);
    const refused = await debian.start({ folder, user: 'alice' });
    await refused.untilEnded();
    expect(await refused.said()).toMatch(
      /The database \S+\/data\/db belongs to another user \(65534\) than alice: start Farol as root/,
    );
    const options = '-- --data /home/alice/new/data';
    const started = await debian.start({ folder, user: 'alice', options });
    expect((await makeUser(await started.untilReady())).stdout).toContain('@alice:localhost');
    await stop(started, 'TERM');
    // The data stay alice's, also where root starts it.
    const asRoot = await debian.start({ folder, options });
    await asRoot.untilReady();
    expect((await debian.run('ps -o user= -C postgres | sort -u')).stdout.trim()).toBe('alice');
    await stop(asRoot, 'TERM');
  });

  const makeUser = (said: string) => debian.run(/^ +(curl .*)$/m.exec(said)![1]!);
  const login = () =>
    debian.run(
      `curl -sS -X POST http://127.0.0.1:8008/_matrix/client/v3/login -d '${JSON.stringify({
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: 'alice' },
        password: 'CHOOSE-ONE',
      })}'`,
    );

  async function npms(): Promise<string[]> {
    const later = release === 'trixie' ? LATER_NPMS : [];
    for (const version of later) {
      const { code, stderr } = await debian.run(
        `npm install --silent --prefix /opt/npm-${version} npm@${version}`,
      );
      expect(code, stderr).toBe(0);
    }
    return ['npm', ...later.map((version) => `/opt/npm-${version}/node_modules/.bin/npm`)];
  }

  async function stop(started: Started, signal: string, whom?: 'npm' | 'group') {
    await started.kill(signal, whom);
    await started.untilEnded();
    // npm 9 ends at once where the shell between it and the server has stayed.
    const { stdout } = await debian.run('ps -eo args | grep -e "[m]ain.ts" -e "[p]ostgres -D"');
    expect(stdout).toBe('');
  }
});

const SIGNALS = [
  ['TERM', 'npm'],
  ['INT', 'npm'],
  ['INT', 'group'],
] as const;

test('without a network npm start says what it was doing, and why npm could not', async () => {
  await using offline = await machine('bookworm', 'none');
  const started = await offline.start({ folder: '/opt/farol' });
  await started.untilEnded();
  const said = await started.said();
  expect(said).toMatch(/Installing what Farol needs/);
  expect(said).toMatch(/npm ERR! code (EAI_AGAIN|ENOTFOUND)/);
  expect(said).toContain('Farol could not be installed; npm says above why.');
});
