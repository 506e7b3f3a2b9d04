/** A member as etcd lists it; without a name it was added and has never started. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly peerUrl: string;
  /** It listens, and has no vote. */
  readonly learner: boolean;
}

export interface Membership {
  /** Rejects where the others have no majority. */
  list(): Promise<readonly Member[]>;
  remove(id: string): Promise<void>;
  /** `learner`: it only listens, until somebody lets it vote. */
  add(peerUrl: string, learner: boolean): Promise<void>;
}

export interface OwnData {
  /** From here on it is brought to its end, also by the next start. */
  begin(): Promise<void>;
  /** Keeps what is there for whoever wants to look into it, and leaves the folder empty. */
  setAside(): Promise<void>;
  /** With whom the next start joins. */
  rejoin(initialCluster: string): Promise<void>;
}

export interface Own {
  readonly name: string;
  readonly peerUrl: string;
  /** Where only one other votes it listens at first, since with two that vote the loss of either stops all (docs/going-alone.md). */
  readonly mayOnlyListen: boolean;
}

/**
 * Takes this site's member out and in again, empty: under a new id, so nothing that the old one confirmed or voted for
 * counts any more (raft has no other way to forget). Cut off anywhere, it is begun anew and goes on from there. Where the
 * others have no majority without this one it rejects, and nothing was done: etcd refuses to remove a member then.
 */
export async function replaceMember(own: Own, members: Membership, data: OwnData): Promise<void> {
  const isOurs = ({ name, peerUrl }: Member) => name === own.name || peerUrl === own.peerUrl;
  const before = (await members.list()).filter(isOurs);
  await data.begin();
  // Also one that has never said its name: it may have confirmed something before it was damaged.
  for (const { id } of before) await members.remove(id);
  await data.setAside();
  await members.add(own.peerUrl, own.mayOnlyListen && (await votes(members)) === 1);
  const all = await members.list();
  await data.rejoin(
    all
      .map((each) => `${isOurs(each) ? own.name : each.name}=${each.peerUrl}`)
      .sort()
      .join(','),
  );
}

const votes = async (members: Membership): Promise<number> =>
  (await members.list()).filter(({ learner }) => !learner).length;
