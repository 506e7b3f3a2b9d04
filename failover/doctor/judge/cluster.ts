import { outlook } from '../../cli/outlook.ts';
import { span } from '../../cli/span.ts';
import type { SiteStatus, Status } from '../../status/status.ts';
import type { Facts } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';
import { isHeard } from './heard.ts';

export const NO_AGENT = 'not known: the agent here does not answer';

/** By the agent of this machine everything below is known. */
export function agent({ agent: asked, site }: Facts): Finding {
  if (asked.kind === 'told') return well(`the agent of ${site} answers`);
  const must = /EACCES/.test(asked.why)
    ? 'Run this as root, or as a member of the group farol.'
    : `At ${site}: \`systemctl status farol-agent\` and \`journalctl -u farol-agent -n 50\` say why. Another site's \`farol doctor\` knows the rest.`;
  return amiss(`the agent of ${site} does not answer: ${asked.why}`, must);
}

export function leader({ agent: asked }: Facts): Finding {
  if (asked.kind !== 'told') return unknown(NO_AGENT);
  const { status } = asked;
  const { explanation, patroniPaused } = status;
  const wrong = whoLeads(status);
  if (wrong !== null) {
    const [next] = outlook(status);
    const must =
      next ?? `Wait for a minute; if it stays so, \`farol status\` says why nobody takes over.`;
    return amiss(`${wrong}: ${explanation.leader}`, must, ['etcd', 'disks', 'postgresql', 'sites']);
  }
  if (patroniPaused)
    return amiss(
      'Patroni is paused, so a primary that is lost is not replaced',
      'Whoever paused it must end that: `patronictl -c /etc/patroni/config.yml resume`.',
    );
  return well(explanation.leader);
}

function whoLeads({ writes, leader: site, primary, address }: Status): string | null {
  if (writes.kind === 'unknown') return 'it is not known who leads';
  if (site === null || primary === null) return 'nobody leads';
  if (site !== primary) return `${site} leads, and the primary is at ${primary}`;
  // Without a floating address nobody has it.
  return address === null || address === site
    ? null
    : `${site} leads, and the address is at ${address}`;
}

/** That every site gives signs of life: what it could do is not there while it does not. */
export function sites({ agent: asked }: Facts): Finding {
  if (asked.kind !== 'told') return unknown(NO_AGENT);
  const { status } = asked;
  if (status.writes.kind === 'unknown') return unknown('not known: etcd does not answer');
  const silent = status.sites.filter((site) => !isHeard(site));
  if (silent.length > 0) {
    const names = silent.map(({ site }) => site).join(' and ');
    return amiss(
      silent.map(forHowLong).join(', '),
      `Whoever is nearest to ${names}: power first, then the network, then \`systemctl status farol-agent etcd\` there. It comes back into its place by itself.`,
    );
  }
  // One that was not heard since etcd was made is in no list but that of the configuration.
  const missing = status.etcd.length - status.sites.length;
  if (missing > 0)
    return amiss(
      `${missing} of ${status.etcd.length} sites was never heard`,
      `Start \`farol-agent\` where it is missing: ${status.sites.map(({ site }) => site).join(', ')} were heard.`,
    );
  return well(`${status.sites.map(({ site }) => site).join(', ')} give signs of life`);
}

const forHowLong = ({ site, silentMs }: SiteStatus): string =>
  `${site} has been silent for ${span(silentMs)}`;

/** The end of the walk. */
export function writes({ agent: asked }: Facts): Finding {
  if (asked.kind !== 'told') return unknown(NO_AGENT);
  const { writes: fare, explanation, sites: all, leader: site } = asked.status;
  if (fare.kind === 'flow') {
    const position = all.find((each) => each.site === site)?.server?.position;
    return well(
      `flow, and another site confirms them${position == null ? '' : `; the log is at ${position}`}`,
    );
  }
  const said = explanation.warning ?? (fare.kind === 'none' ? 'nobody takes any' : 'not known');
  return amiss(said, 'What must be done is said above.', [
    'agent',
    'etcd',
    'disks',
    'postgresql',
    'sites',
    'replication',
    'server',
    'leader',
  ]);
}
