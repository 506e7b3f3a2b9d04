import { expect, test } from 'vitest';
import { type History, succeeded } from '../../support/history/history.ts';
import { keyOf } from '../support/etcd.ts';
import { statusAt, untilWell } from '../support/farol.ts';
import { everyTarget, type Load, underLoad } from '../support/load.ts';
import { untilNobodyIsNamed } from '../support/promotion.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

test('the last leader never returns, and nothing was acknowledged that the others lack: an operator goes on without it, with nothing to confirm, and nothing is lost', async () => {
  const leader = await untilWell(cluster());
  const [one, other] = othersThan(leader);
  const survived = await underLoad(cluster(), { title: 'recover, nothing lost' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    expect(await recoverAt(one)).toMatchObject({
      code: 1,
      said: expect.stringContaining('a leader'),
    });
    await Promise.all([one.stop('patroni'), other.stop('patroni')]);
    await untilNobodyIsNamed(leader);
    await leader.powerOff();
    await Promise.all([one.start('patroni'), other.start('patroni')]);
    await untilStatusNamesTheCommand(one);
    const { said } = await recovered(one, []);
    expect(said).toContain('nothing that was acknowledged is lost (0 bytes)');
    await flowsAgain(load, leader);
  });
  expect(survived.violations).toEqual([]);
});

test('all sites lose their power, the last leader and the copy that followed it never return: an operator confirms the loss that is named, only that is lost, and what returns follows', async () => {
  const leader = await untilWell(cluster());
  const [follower, behind] = othersThan(leader);
  const without = `without ${[leader.name, follower.name].sort().join(' and ')}`;
  let mayBeLostFrom = Number.POSITIVE_INFINITY;
  let history: History | undefined;
  const survived = await underLoad(cluster(), { title: 'recover, loss named' }, async (load) => {
    history = load.history;
    await load.untilFlowing(everyTarget(cluster()));
    mayBeLostFrom = performance.now();
    await fallBehind(load, { leader, follower, behind });
    load.strike();
    await allDark([leader, follower, behind], follower);
    await Promise.all([follower.powerOn(), behind.powerOn()]);
    await until('a copy that may be there is waited for', async () => {
      const { said } = await recoverAt(behind);
      return said.includes(`${follower.name} answers, and may have what nobody else has`);
    });
    await follower.stop('agent');
    await untilLossIsNamed(behind, without);
    await recovered(behind, ['--confirm', without]);
    await follower.must(['mv', `${PATRONI}.lost`, PATRONI]);
    await follower.start('agent');
    await flowsAgain(load, leader);
    const { said } = await farolAt(behind, 'recoveries');
    expect(said).toContain(`${behind.name} leads; confirmed "${without}"; up to `);
  });
  expectOnlyLost(survived.violations, history!, mayBeLostFrom);
});

test('etcd has lost its majority: recover says what has to be done at the one that is left', async () => {
  const leader = await untilWell(cluster());
  const others = othersThan(leader);
  await Promise.all(others.map((site) => site.powerOff()));
  await until('it is said', async () => {
    const { code, said } = await recoverAt(leader);
    return code === 1 && said.includes('ETCD_FORCE_NEW_CLUSTER=true') && said.includes(leader.ip);
  });
  await Promise.all(others.map((site) => site.powerOn()));
  await untilWell(cluster());
});

/** One follows nobody any more, and is no longer asked to confirm; what is written from then on it lacks. */
async function fallBehind(
  load: Load,
  { leader, follower, behind }: Readonly<Record<'leader' | 'follower' | 'behind', Site>>,
): Promise<void> {
  await load.untilFlowing(everyTarget(cluster()));
  await behind.stop('patroni');
  await until('/sync names the one that follows alone', async () => {
    const key = await keyOf(cluster(), leader, '/service/farol/sync');
    const { sync_standby: named } = JSON.parse(key?.value ?? '{}') as { sync_standby?: string };
    return named === follower.name;
  });
  // Patroni lets go of it before that, and until then it receives.
  await until('its PostgreSQL has ended', async () => {
    return (await behind.run(['pgrep', '-x', 'postgres'])).code !== 0;
  });
  const [row] = await leader.sql<{ lsn: number }>(`SELECT pg_current_wal_lsn() - '0/0' AS lsn`);
  await load.untilFlowing(['address', leader.name, follower.name]);
  await until('the leader has told of what is written since', async () => {
    const key = await keyOf(cluster(), follower, `/farol/farol/site/${leader.name}`);
    const { postgres } = JSON.parse(key?.value ?? '{}') as { postgres?: { lsn: string } };
    return Number(postgres?.lsn ?? 0) > row!.lsn;
  });
}

/** At once; and at one of them no database starts again, as if its disk were lost. */
async function allDark(sites: readonly Site[], lost: Site): Promise<void> {
  await lost.must(['mv', PATRONI, `${PATRONI}.lost`]);
  await Promise.all(sites.map((site) => site.powerOff()));
}

const PATRONI = '/usr/bin/patroni';

/** As an administrator runs it, with nobody at the terminal. */
async function farolAt(site: Site, ...words: string[]): Promise<{ code: number; said: string }> {
  const program = ['/farol/node_modules/node/bin/node', '/farol/failover/main.ts'];
  const config = ['--config', '/etc/farol/failover.yml'];
  const { code, stdout, stderr } = await site.run([...program, ...words, ...config]);
  return { code, said: `${stdout}${stderr}` };
}

const recoverAt = (site: Site, ...options: string[]) => farolAt(site, 'recover', ...options);

/** It is refused until Patroni's key has run out, and Patroni has had its time to elect somebody. */
const recovered = (site: Site, options: string[]) =>
  until(
    'it is recovered',
    async () => {
      const ended = await recoverAt(site, ...options);
      if (ended.code !== 0) throw new Error(ended.said);
      return ended;
    },
    120_000,
  );

const untilLossIsNamed = (site: Site, without: string) =>
  until('the loss is named, and nothing done', async () => {
    const { code, said } = await recoverAt(site, '--confirm', 'yes');
    expect(code).toBe(1);
    if (!said.includes('LOST')) throw new Error(said);
    return /up to [1-9]\d* bytes .* are LOST/.test(said) && said.includes(`"${without}"`);
  });

const untilStatusNamesTheCommand = (site: Site) =>
  until(
    'status names the command',
    async () => (await statusAt(site)).said.includes('`farol recover`'),
    90_000,
  );

/** Through the sites that are there; then the old leader returns, and follows. */
async function flowsAgain(load: Load, old: Site): Promise<void> {
  await load.untilFlowing(['address', ...othersThan(old).map(({ name }) => name)], 180_000);
  await old.powerOn();
  await load.untilFlowing(everyTarget(cluster()), 180_000);
  const writer = await untilWell(cluster(), 180_000);
  expect(writer.name).not.toBe(old.name);
}

/**
 * Something is, or the test shows nothing; and whoever was given it was given it from nowhere by now. Their tokens are of what
 * is lost, so they are told of a gap, and the newest messages again (D2).
 */
function expectOnlyLost(violations: readonly string[], { attempts }: History, from: number): void {
  const lost = violations.flatMap((each) => /^lost: (\S+) was/.exec(each)?.[1] ?? []);
  const before = attempts.filter(
    (each) => lost.includes(each.request) && succeeded(each) && each.answeredAt < from,
  );
  expect(lost.length).toBeGreaterThan(0);
  expect(before).toEqual([]);
  const givenLost = violations.flatMap((each) => {
    const [, client, request] = /^delivered from nowhere: (\S+) was given (\S+)$/.exec(each) ?? [];
    return client !== undefined && lost.includes(request!) ? [{ client, each }] : [];
  });
  const named = new Set(givenLost.map(({ each }) => each));
  const toldOfGap = new Set(givenLost.map(({ client }) => client));
  const unnamed = violations.filter((each) => {
    const again = /^delivered again or late: (\S+) was/.exec(each)?.[1];
    return !each.startsWith('lost: ') && !named.has(each) && !toldOfGap.has(again ?? '');
  });
  expect(unnamed).toEqual([]);
}

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
