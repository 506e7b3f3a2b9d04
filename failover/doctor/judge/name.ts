import { isIP } from 'node:net';
import { bareHost } from '../../core/bare-host.ts';
import type { Door, Facts, OpenDoor, PublicName, ShownCertificate } from '../facts.ts';
import { amiss, type Finding, unknown, well } from '../finding.ts';

const NOT_TOLD =
  'not looked at: no server.yml is beside failover.yml, as at a witness; `--name NAME` tells it';

/** That the name leads to the cluster, or to something that passes on to it. */
export function name({ name: told, resolved, addresses, doors }: Facts): Finding {
  if (told === null || resolved === null) return unknown(NOT_TOLD);
  const host = bareHost(new URL(told.publicUrl));
  const there = addresses.join(' and ') || 'the fronts of the sites';
  const must = `Whoever keeps the DNS of ${host} must let it lead to ${there}.`;
  if (resolved.kind === 'nothing') return amiss(`${host} has no address: ${resolved.why}`, must);
  const astray = resolved.addresses.filter(
    (address) =>
      addresses.length > 0 && !addresses.includes(address) && !isOurs(address, doors, told),
  );
  if (astray.length > 0)
    return amiss(`${host} leads to ${astray.join(' and ')}, which is not this cluster`, must);
  const to = resolved.addresses.join(' and ');
  return well(isIP(host) ? `${host} needs no DNS` : `${host} leads to ${to}`);
}

/** Behind a router or a proxy the address is another one, and what answers is this cluster all the same. */
function isOurs(address: string, doors: readonly Door[], { publicUrl }: PublicName): boolean {
  const door = doors.find((each) => each.address === address);
  if (door?.kind !== 'open') return false;
  return door.baseUrl === publicUrl || door.certificate.signedBy === 'cluster';
}

/** An authority of others takes people and days; this leaves them three weeks. */
const RENEW_WITHIN_MS = 21 * 86_400_000;

const RENEW =
  'Whoever keeps the certificate of the public name must renew it: the files of `farol_public_certificate` and `farol_public_key`, then `ansible-playbook site.yml`. Fronts take it up by themselves.';

/** What clients are shown under the name. */
export function certificate({ name: told, doors, nowMs }: Facts): Finding {
  const open = doors.filter((door): door is OpenDoor => door.kind === 'open');
  if (told === null) return unknown(NOT_TOLD);
  if (open.length === 0) return unknown('nobody answers who could show it');
  const host = bareHost(new URL(told.publicUrl));
  for (const { address, certificate: shown } of open) {
    const wrong = whatIsWrong(shown, host, nowMs);
    if (wrong !== null) return amiss(`the certificate at ${address} ${wrong}`, RENEW);
  }
  const { untilMs, signedBy } = open[0]!.certificate;
  const trust =
    signedBy === 'cluster' ? "; clients must be told to trust the cluster's ca.crt" : '';
  return well(`of ${host}, until ${day(untilMs)}${trust}`);
}

function whatIsWrong(shown: ShownCertificate, host: string, nowMs: number): string | null {
  if (shown.untilMs <= nowMs) return `ended on ${day(shown.untilMs)}`;
  if (shown.fromMs > nowMs)
    return `begins on ${day(shown.fromMs)} only, or the clock here is wrong`;
  if (!shown.coversName) return `is not for ${host}`;
  if (shown.signedBy === 'stranger')
    return 'is signed by nobody whom clients know, or the certificates between are missing in its file';
  if (shown.untilMs - nowMs < RENEW_WITHIN_MS) return `ends on ${day(shown.untilMs)}`;
  return null;
}

/** Clients are told a user id, and ask the name in it where its server is. */
export function wellKnown({ name: told, wellKnown: seen, doors }: Facts): Finding {
  if (told === null || seen === null) return unknown(NOT_TOLD);
  const { serverName, publicUrl } = told;
  const page = `https://${serverName}/.well-known/matrix/client`;
  const must = `Whoever keeps the web server of ${serverName} must let ${page} be answered with {"m.homeserver":{"base_url":"${publicUrl}"}}, or pass that path on to Farol.`;
  // Clients then take the name itself for the place of the server.
  const isThere = publicUrl === `https://${serverName}`;
  switch (seen.kind) {
    case 'told':
      if (seen.baseUrl === publicUrl) return well(`${serverName} sends clients to ${publicUrl}`);
      return amiss(`${serverName} sends clients to ${seen.baseUrl}, not to ${publicUrl}`, must);
    case 'none':
      if (isThere) return well(`${serverName} says nothing, and clients find the server there`);
      return amiss(
        `${page} is answered with ${seen.status}, so clients look for the server at ${serverName}`,
        must,
      );
    case 'silence':
      if (isThere || doors.some(({ kind }) => kind === 'shut'))
        return unknown(`${page} does not answer: ${seen.why}`);
      return amiss(`${page} does not answer: ${seen.why}`, must);
  }
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
