import { outlook } from '../../cli/outlook.ts';
import type { Facts } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';
import { NO_AGENT } from './cluster.ts';

/** That each of etcd's members answers and knows its leader. */
export function etcd({ agent }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const { status } = agent;
  const silent = status.etcd.filter(({ answers }) => !answers).map(({ member }) => member);
  if (status.etcd.some(({ noSpace }) => noSpace))
    return amiss(
      'etcd is full and takes no write',
      'The agent beside its leader makes room; if this stays, `farol status` says what to do.',
    );
  if (status.writes.kind === 'unknown') {
    const [why] = outlook(status);
    return amiss(why ?? 'etcd does not answer', mend(silent), ['disks']);
  }
  if (silent.length > 0)
    return amiss(
      `${silent.join(' and ')} of etcd's members does not answer: one more, and nobody leads`,
      mend(silent),
      ['sites', 'disks'],
    );
  const astray = status.etcd.filter(({ knowsLeader }) => !knowsLeader).map(({ member }) => member);
  if (astray.length > 0)
    return amiss(`${astray.join(' and ')} of etcd's members knows no leader`, mend(astray), [
      'sites',
      'disks',
    ]);
  if (status.unreadable.length > 0)
    return amiss(
      `nobody can read what is in etcd's key ${status.unreadable.join(' and ')}`,
      'Whoever wrote it must say what was meant; `etcdctl get KEY` shows it.',
    );
  return well(`${status.etcd.length} members answer`);
}

const mend = (members: readonly string[]): string =>
  members.length === 0
    ? 'Look at the network between the members.'
    : `At ${members.join(' and ')}: \`systemctl status etcd\` and \`journalctl -u etcd -n 50\`; then the disk there, and TCP to 2379 and 2380.`;

const RENEW_WITHIN_MS = 21 * 86_400_000;

/** Those that the sites show each other. */
export function certificates({ agent, nowMs }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const ends = agent.status.sites.flatMap(({ site, certificatesEnd }) =>
    certificatesEnd === null ? [] : [{ site, until: Date.parse(certificatesEnd) }],
  );
  const [next] = ends.sort((a, b) => a.until - b.until);
  if (next === undefined) return unknown('no site tells how long its certificates last');
  const day = new Date(next.until).toISOString().slice(0, 10);
  if (next.until - nowMs >= RENEW_WITHIN_MS)
    return well(`those between the sites last until ${day} at least`);
  return amiss(
    `a certificate of ${next.site} ${next.until <= nowMs ? 'ended' : 'ends'} on ${day}`,
    'Whoever has the inventory: `ansible-playbook site.yml` makes those of the cluster anew 30 days before they end, and restarts what holds an old one.',
  );
}
