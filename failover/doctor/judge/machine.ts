import type { Facts } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';
import { NO_AGENT } from './cluster.ts';

/** The time of an HTTP answer has no parts of a second. */
const CLOCK_OFF_MS = 2_000;

/** That this clock goes with those of the other sites. */
export function clock({ clock: { synchronized, ahead }, site }: Facts): Finding {
  const off = ahead.filter(({ ms }) => Math.abs(ms) > CLOCK_OFF_MS);
  if (off.length > 0) {
    // Two others that agree are right.
    const own = off.length === ahead.length;
    const worst = off.reduce((a, b) => (Math.abs(b.ms) > Math.abs(a.ms) ? b : a));
    const said = `the clock of ${site} is ${seconds(worst.ms)} that of ${worst.member}`;
    return amiss(
      said,
      setAt(own && ahead.length > 1 ? site : own ? `${site} or ${worst.member}` : worst.member),
    );
  }
  if (synchronized === false) return amiss(`nobody sets the clock of ${site}`, setAt(site));
  if (ahead.length === 0 && synchronized === null)
    return unknown('nobody answers who could be compared with');
  return well(
    ahead.length === 0
      ? 'is set by its time daemon'
      : `goes with ${ahead.map(({ member }) => member).join(' and ')}`,
  );
}

const setAt = (where: string): string =>
  `At ${where}: \`systemctl status chrony\`, \`chronyc sources\`; a time server must be reachable.`;
const seconds = (ms: number): string =>
  `${(Math.abs(ms) / 1_000).toFixed(0)} s ${ms > 0 ? 'ahead of' : 'behind'}`;

/** What the UPS of each site says. */
export function power({ agent, hasUps, site: own }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const { sites } = agent.status;
  for (const { site, power: source } of sites) {
    if (source === 'low') return amiss(`the battery of ${site} is nearly empty`, restore(site));
    if (source === 'battery') return amiss(`${site} runs on its battery`, restore(site));
    if (source === 'unknown' && hasUps && site === own)
      return amiss(
        `the UPS of ${site} does not answer`,
        `At ${site}: \`upsc UPS\` and \`systemctl status nut-server nut-driver.target\`; \`power\` in failover.yml names it.`,
      );
  }
  const known = sites.filter(({ power: source }) => source === 'mains').map(({ site }) => site);
  return known.length === 0
    ? unknown('no UPS is configured')
    : well(`${known.join(', ')} on mains`);
}

const restore = (site: string): string =>
  `Whoever is nearest to ${site}: bring back the mains. The lead leaves by itself before the battery is empty.`;
