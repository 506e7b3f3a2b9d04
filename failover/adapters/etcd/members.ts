import type { ListedMember } from '../../core/inputs.ts';
import type { EtcdMembers } from '../../ports.ts';
import type { Gateway } from './gateway.ts';

interface Listed {
  readonly members?: readonly { ID: string; name?: string; isLearner?: boolean }[];
}

/** Who etcd's members are, and who shall be one no more, or vote. An outcome that is not known is asked for again: an id is given once. */
export function membersOf(gateway: Gateway): EtcdMembers {
  return {
    list: async () => {
      const [{ members = [] }, own] = await Promise.all([
        gateway.ask<Listed>(LIST, { linearizable: true }),
        gateway.askOwn<Listed>(LIST, { linearizable: false }).catch(() => null),
      ]);
      return {
        members: members.map(asListed),
        own: own && (own.members ?? []).map(({ ID }) => ID),
      };
    },
    remove: (id) => done(gateway.ask(REMOVE, { ID: id }), 'member not found'),
    promote: (id) => done(gateway.ask(PROMOTE, { ID: id }), 'can only promote a learner member'),
  };
}

const LIST = '/v3/cluster/member/list';
const REMOVE = '/v3/cluster/member/remove';
const PROMOTE = '/v3/cluster/member/promote';

function asListed({
  ID: id,
  name = '',
  isLearner: learner = false,
}: NonNullable<Listed['members']>[number]): ListedMember {
  return { id, name, learner };
}

/** `before`: what etcd says where somebody else, or an earlier question of ours, was there before. */
async function done(asked: Promise<unknown>, before: string): Promise<void> {
  await asked.catch((error: unknown) => {
    if (!(error instanceof Error && error.message.includes(before))) throw error;
  });
}
