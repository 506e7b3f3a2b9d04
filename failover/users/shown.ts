import type { Json } from './admin-api.ts';

/** A line an account. */
export function accounts({ users, total }: Json): string {
  const listed = users as readonly Json[];
  const more = Number(total) - listed.length;
  return [
    ...(listed.length === 0 ? ['Nobody has such an account.'] : listed.map(line)),
    ...(more > 0 ? [`and ${more} more: --limit N shows more, a word behind \`list\` fewer`] : []),
  ].join('\n');
}

function line(each: Json): string {
  const name = each.displayname ? `  ${each.displayname}` : '';
  const states = statesOf(each);
  return `${each.name}${name}${states.length === 0 ? '' : `  (${states.join(', ')})`}`;
}

/** All that is known of one. */
export function account(each: Json): string {
  const ids = (each.threepids as readonly Json[] | undefined) ?? [];
  return [
    line(each),
    `made ${new Date(Number(each.creation_ts) * 1_000).toISOString()}`,
    each.last_seen_ts == null
      ? 'never seen'
      : `last seen ${new Date(Number(each.last_seen_ts)).toISOString()}`,
    ...ids.map(({ medium, address }) => `${medium} ${address}`),
  ].join('\n');
}

const statesOf = (each: Json): string[] =>
  Object.entries(STATES)
    .filter(([field]) => each[field] === true)
    .map(([, state]) => state);

const STATES = {
  admin: 'administrator',
  is_guest: 'guest',
  locked: 'locked',
  suspended: 'suspended',
  deactivated: 'closed',
  erased: 'erased',
};
