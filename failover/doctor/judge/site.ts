import { damagedCopies } from '../../cli/damaged-copies.ts';
import { refusals } from '../../cli/refused.ts';
import type { SiteStatus, Status } from '../../status/status.ts';
import type { Facts } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';
import { NO_AGENT } from './cluster.ts';
import { isHeard } from './heard.ts';

/** That the leader's server writes, and those of the others could. */
export function server({ agent }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const { status } = agent;
  for (const each of leaderFirst(status)) {
    const wrong = ofServer(each, status);
    if (wrong !== null)
      return amiss(wrong, mend('farol-server', each.site), ['disks', 'postgresql', 'replication']);
  }
  return (
    notOfNow(status) ??
    (status.leader === null
      ? unknown('nobody leads, so no server writes; those that were heard follow')
      : well(`the server of ${status.leader} writes, and the others follow`))
  );
}

function ofServer({ site, server: seen }: SiteStatus, { leader }: Status): string | null {
  if (seen === null) return `the server of ${site} does not answer`;
  if (!seen.healthy) return `the server of ${site} is sick${because(seen.why)}`;
  if (site === leader && seen.role !== 'writer')
    return `the server of ${site}, which leads, has not taken over${because(seen.why)}`;
  return null;
}

/** That each site's PostgreSQL runs under its Patroni. */
export function postgresql({ agent }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const { status } = agent;
  const refused = refusals(status.sites);
  if (refused.length > 0)
    return amiss(refused[0]!, 'What must be done stands at its end.', ['disks']);
  const [damaged] = damagedCopies(status);
  if (damaged !== undefined)
    return amiss(damaged, 'What must be done stands at its end.', ['disks']);
  for (const { site, postgres } of leaderFirst(status)) {
    const wrong = ofPostgres(site, postgres, status);
    if (wrong !== null)
      return amiss(
        wrong,
        `${mend('patroni', site)} PostgreSQL's own log is in /var/log/postgresql, or in \`journalctl -u patroni\`.`,
        ['disks'],
      );
  }
  return (
    notOfNow(status) ??
    (status.primary === null
      ? unknown('nobody is the primary; those that were heard run')
      : well(`the primary is at ${status.primary}`))
  );
}

function ofPostgres(
  site: string,
  postgres: SiteStatus['postgres'],
  { primary }: Status,
): string | null {
  if (postgres === null) return `Patroni of ${site} does not answer, or its PostgreSQL does not`;
  if (site === primary && postgres.role === 'primary' && postgres.state === 'running') return null;
  if (site === primary)
    return `PostgreSQL of ${site}, the primary, is ${postgres.state} as ${postgres.role}`;
  return ['running', 'streaming', 'in archive recovery'].includes(postgres.state)
    ? null
    : `PostgreSQL of ${site} is ${postgres.state}`;
}

/** A copy that lacks more of the log than this would be long in taking over. */
const LAG_BYTES_MAX = 64 * 1024 * 1024;

/** That another site has what is acknowledged, and each copy follows. */
export function replication({ agent }: Facts): Finding {
  if (agent.kind !== 'told') return unknown(NO_AGENT);
  const { status } = agent;
  for (const each of leaderFirst(status).filter(({ site }) => site !== status.primary)) {
    const wrong = ofCopy(each, status);
    if (wrong !== null)
      return amiss(
        wrong,
        `Look between ${status.primary ?? 'the primary'} and ${each.site}: TCP to 5432, and \`journalctl -u patroni\` at ${each.site}. A copy that gets nowhere for a minute is made anew by itself.`,
        ['disks', 'postgresql', 'sites'],
      );
  }
  if (status.writes.kind === 'wait' || status.writes.kind === 'unprotected')
    return amiss(
      status.explanation.warning ?? `writes: ${status.writes.kind}`,
      'Bring back a site that confirms writes.',
      ['sites', 'postgresql', 'server'],
    );
  return (
    notOfNow(status) ?? well(`${status.synchronousStandbys.join(' and ')} confirm what is written`)
  );
}

function ofCopy(
  { site, postgres, lagBytes }: SiteStatus,
  { synchronousStandbys }: Status,
): string | null {
  if (postgres !== null && postgres.state !== 'streaming')
    return `the copy of ${site} does not follow: it is ${postgres.state}`;
  if (!synchronousStandbys.includes(site))
    return `${site} is not named among those that confirm writes`;
  if (lagBytes !== null && lagBytes > LAG_BYTES_MAX)
    return `the copy of ${site} lacks ${Math.round(lagBytes / 1024 / 1024)} MB of the log`;
  return null;
}

/** What the agents said last may have been long ago: it is no proof that anything is well. */
const notOfNow = ({ writes }: Status): Finding | null =>
  writes.kind === 'unknown' ? unknown('not known: etcd does not answer') : null;

/** Those with data of which something is known now. */
function leaderFirst({ sites, leader }: Status): SiteStatus[] {
  const known = sites.filter((site) => !site.witness && isHeard(site));
  return known.sort((a, b) => Number(b.site === leader) - Number(a.site === leader));
}

const mend = (unit: string, site: string): string =>
  `At ${site}: \`systemctl status ${unit}\` and \`journalctl -u ${unit} -n 50\` say why.`;
const because = (why: string | null): string => (why === null ? '' : `: ${why}`);
