/** What ended the last stay of somebody in a room, of their memberships in order; undefined if nothing did. */
export function lastDeparture<Past extends { readonly membership: string }>(
  history: readonly Past[],
): Past | undefined {
  const lastJoin = history.findLastIndex((entry) => entry.membership === 'join');
  return lastJoin < 0 ? undefined : history[lastJoin + 1];
}
