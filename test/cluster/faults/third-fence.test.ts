import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NOTE, noteOf } from '../../../failover/adapters/blocking/note.ts';
import { rulesAgainst } from '../../../failover/block/rules.ts';
import { keyOf } from '../support/etcd.ts';
import { statusOf, untilWell } from '../support/farol.ts';
import { everyTarget, type Survived, underLoad } from '../support/load.ts';
import { promotedOf } from '../support/patroni.ts';
import { promised } from '../support/promise.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { useCluster } from '../support/use-cluster.ts';

// The third fence, switched on (docs/third-fence.md): a silent primary is replaced upon the promises of all others, seconds before its lease ends.

const cluster = useCluster({ sites: 3, thirdFence: true });

const WRITES_WITHIN_MS = 8_000;
/** For figures: `RUNS=20`. */
const RUNS = Array.from({ length: Number(process.env.RUNS ?? 1) }, (_, index) => index + 1);

test.each(RUNS)(
  'the active site loses power (%i): writes go on in 8 s, nothing is lost or doubled, and nothing stays blocked',
  async () => {
    const active = await untilFenced();
    const survived = await underLoad(cluster(), { title: 'fence, power loss' }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await active.powerOff();
      await load.untilFlowing([...othersThan(active), 'address']);
      await untilNothingIsBlocked(sitesBut(active));
      await active.powerOn();
      await load.untilFlowing(everyTarget(cluster()));
    });
    expectSurvival(survived, active);
  },
);

test.each(RUNS)(
  'the active site is cut off and lives (%i): what its PostgreSQL takes nobody confirms, and it answers nothing',
  async () => {
    const active = await untilFenced();
    const survived = await underLoad(cluster(), { title: 'fence, cut off' }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await active.cutNetwork();
      await load.untilFlowing([...othersThan(active), 'address']);
      await mayNotCommit(active);
      await active.healNetwork();
      await load.untilFlowing(everyTarget(cluster()));
    });
    expectSurvival(survived, active);
    await untilNothingIsBlocked(cluster().sites);
  },
);

test.each([
  ['is heard by nobody, and hears all', 'OUTPUT -o'],
  ['hears nobody, and is heard by all', 'INPUT -i'],
] as const)(
  'the active site %s: writes go on elsewhere in 8 s, and it acknowledges nothing',
  async (title, way) => {
    const active = await untilFenced();
    const survived = await underLoad(cluster(), { title: `fence, ${title}` }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await active.must(['iptables', '-w', '-I', ...dropped(way)]);
      try {
        await load.untilFlowing([...othersThan(active), 'address']);
        await mayNotCommit(active);
      } finally {
        // Whatever has failed: the next test has the same sites.
        await active.must(['iptables', '-w', '-D', ...dropped(way)]);
      }
      await load.untilFlowing(everyTarget(cluster()));
    });
    expectSurvival(survived, active);
    await untilNothingIsBlocked(cluster().sites);
  },
);

test('the agents and etcd hear nothing from the active site, whose PostgreSQL goes on to all others: they take nothing from it, and it acknowledges nothing', async () => {
  const active = await untilFenced();
  const survived = await underLoad(cluster(), { title: 'fence, deaf' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await deafen(active, '-I');
    try {
      await until('another site is the primary', () => promotedOf(sitesBut(active)));
      await mayNotCommit(active);
      await load.untilFlowing([...othersThan(active), 'address']);
    } finally {
      await deafen(active, '-D');
    }
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(survived.violations).toEqual([]);
});

test.each([3, 5])(
  'the active site stands still for %i s, whole: whoever leads then, nothing is lost or doubled',
  async (seconds) => {
    const active = await untilFenced();
    const title = `fence, frozen for ${seconds} s`;
    const survived = await underLoad(cluster(), { title }, async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await active.freeze();
      const since = performance.now();
      await until('it has stood still', async () => performance.now() - since >= seconds * 1_000);
      await active.thaw();
      await load.untilFlowing(everyTarget(cluster()));
    });
    expect(survived.violations).toEqual([]);
    expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(WRITES_WITHIN_MS));
    await untilNothingIsBlocked(cluster().sites);
  },
);

test('a block outlives a power cut: it is in force before PostgreSQL starts, with no agent there; the next agent takes back one that no promise needs', async () => {
  const active = await untilFenced();
  const [standby] = sitesBut(active) as [Site];
  const files = join(cluster().folder, standby.name);
  writeFileSync(join(files, 'no-agent'), '');
  writeFileSync(join(files, 'units.sh'), WITHOUT_AGENT);
  const note = noteOf({ holder: active.name, key: 1, lease: '1' }, rulesAgainst(active.ip, PORTS));
  await standby.must(['sh', '-c', `printf %s "$1" > ${NOTE} && sync`, 'sh', note]);
  await standby.powerOff();
  await standby.powerOn();
  await until('its PostgreSQL answers', () => standby.sql('SELECT 1 AS one', 'postgres'));
  expect(await rulesAt(standby)).toContain('farol_block');
  const since = performance.now();
  // Long enough for any standby to have found its primary.
  await until('seconds have passed', async () => performance.now() - since > FOUND_WITHIN_MS);
  expect(await receiving(standby)).toEqual([{ count: 0 }]);
  rmSync(join(files, 'no-agent'));
  await untilNothingIsBlocked([standby]);
  await untilWell(cluster());
  expect(await receiving(standby)).toEqual([{ count: 1 }]);
});

const PORTS = [5432, 8010];
const FOUND_WITHIN_MS = 5_000;
const WITHOUT_AGENT = `eval "$(declare -f run_agent | sed '1s/run_agent/run_agent_as_ever/')"
run_agent() { while [ -e /site/no-agent ]; do sleep 0.2; done; run_agent_as_ever; }
`;

const receiving = (site: Site) =>
  site.sql("SELECT count(*)::int AS count FROM pg_stat_wal_receiver WHERE status = 'streaming'");

/** Well, and the third fence known to hold: seven seconds after the leader's agent began. */
async function untilFenced(): Promise<Site> {
  const active = await untilWell(cluster());
  await until('its last pulse says that it is fenced', async () => {
    const pulse = await keyOf(cluster(), active, `/farol/farol/site/${active.name}`);
    return (JSON.parse(pulse?.value ?? '{}') as { fenced?: boolean }).fenced === true;
  });
  expect((await statusOf(active)).explanation.leader).toContain(`${active.name} leads`);
  return active;
}

/** etcd's and the agents' ports, and both ways; PostgreSQL's and Patroni's stay open. */
async function deafen(site: Site, action: '-I' | '-D'): Promise<void> {
  const ranges = ['2379:2380', '8481:8483'];
  const rules = ['OUTPUT -o', 'INPUT -i'].flatMap((way) =>
    ['--dport', '--sport'].flatMap((side) =>
      ranges.map((ports) => `iptables -w ${action} ${way} eth0 -p tcp ${side} ${ports} -j DROP`),
    ),
  );
  await site.must(['sh', '-ec', rules.join('; ')]);
}

/** Of one direction all that goes over the bridge. */
const dropped = (way: 'OUTPUT -o' | 'INPUT -i') => [...way.split(' '), 'eth0', '-j', 'DROP'];

/** Of what was committed there from now on nothing is confirmed: it waits for ever, and the client is told nothing. */
async function mayNotCommit(site: Site): Promise<void> {
  const asked = ['timeout', '3', 'psql', '-Xqc', 'CREATE TABLE IF NOT EXISTS taken AS SELECT 1'];
  const { code, stdout } = await site.run(asked, 'postgres');
  expect([code === 0, stdout]).toEqual([false, '']);
}

async function untilNothingIsBlocked(sites: readonly Site[]): Promise<void> {
  for (const site of sites)
    await until(`nothing is blocked at ${site.name}`, async () => {
      const { code } = await site.run(['test', '-e', NOTE]);
      return code === 1 && !(await rulesAt(site)).includes('farol_block');
    });
}

const rulesAt = (site: Site): Promise<string> => site.must(['nft', 'list', 'tables']);

function expectSurvival(survived: Survived, active: Site) {
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(...othersThan(active))).toEqual([]);
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(WRITES_WITHIN_MS));
}

const sitesBut = (site: Site) => cluster().sites.filter((each) => each !== site);
const othersThan = (site: Site) => sitesBut(site).map(({ name }) => name);
