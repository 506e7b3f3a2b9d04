import type { State } from './state.ts';

/**
 * Why this site's writer answers nobody beside another one, as a clause; null where nothing speaks against it. An administrator may
 * have let each of two sites go on alone (`farol promote`), with the line between them cut: no program of theirs could know. As soon
 * as one hears of the other both would go on with what the other lacks. So whoever hears of an etcd that was begun as often as its
 * own or more often, and is another, answers nobody. The last word of a site counts until it says another: a line that comes and goes
 * must not let both answer in between.
 */
export function reasonOfOtherEtcd({ view, peers, self }: Pick<State, 'view' | 'peers' | 'self'>) {
  const own = view?.incarnation;
  for (const [site, { word }] of Object.entries(peers)) {
    const theirs = word?.incarnation;
    if (theirs === undefined || theirs.id === own?.id) continue;
    if (theirs.number < (own?.number ?? 0)) continue;
    return (
      `${site} goes on with another etcd, by an administrator's word (\`farol promote\`), and what either acknowledged since the other lacks: ` +
      `of the two give one up, end all of Farol there, and then restart the agent of the other; ${self.site} and ${site} answer nobody before`
    );
  }
  return null;
}
