import type { Deeds, EffectOf } from '../../effects.ts';
import type { Input } from '../../inputs.ts';
import type { Site } from '../../view.ts';
import { siteOf } from '../etcd-members.ts';
import { HandOver } from './hand-over.ts';
import { unsafe } from './mistakes.ts';
import type { Parts } from './parts.ts';

const ANSWERS_WITHIN_MS = 1_000;
const CHILD_TAKES_MS = 50;

/** What is asked of the site's own server, of Patroni and of etcd's member. */
export const deedsAtSite = (parts: Parts) =>
  ({
    'tell-server': (effect) => order(parts, effect),
    switchover: ({ from, to, why }) => {
      parts.world.note(`${parts.site} asks for a switchover to ${to}: ${why}`);
      moveAway(parts, from, to);
    },
    'hand-over': (effect) => handOver(parts, effect),
    reinitialize: ({ from }) =>
      parts.process.runChild({ takesMs: CHILD_TAKES_MS, run: () => cloneAnew(parts, from) }),
    'move-etcd-leader': ({ kind, member }) => {
      const run = (): Input => {
        const { etcd } = parts.machines;
        if (etcd.leader === parts.site) etcd.moveLeader(siteOf(member));
        return { kind: 'done', effect: kind };
      };
      parts.process.runChild({ takesMs: CHILD_TAKES_MS, run });
    },
    // What fills is no fault of the model.
    'make-room-in-etcd': ({ kind }) => {
      const run = (): Input => ({ kind: 'done', effect: kind });
      parts.process.runChild({ takesMs: CHILD_TAKES_MS, run });
    },
  }) satisfies Partial<Deeds<void>>;

function order({ world, machines, process }: Parts, effect: EffectOf<'tell-server'>): void {
  const { server } = machines;
  if (server === null) return;
  const { time, random } = world;
  const { tell } = process.life;
  let over = false;
  const end = (input: Input): void => {
    if (!over) tell(input);
    over = true;
  };
  const fails = { kind: 'failed', effect: 'tell-server', reason: 'no answer' } as const;
  time.after(server.gone ? 1 : ANSWERS_WITHIN_MS, () => end(fails));
  time.after(random.between(1, 5), () =>
    server.order(unsafe(effect, { state: process.state, world }), ({ role, epoch }) =>
      end({ kind: 'told', role, epoch }),
    ),
  );
}

function moveAway({ machines, process }: Parts, from: Site, to: Site): void {
  const { tell } = process.life;
  const effect = 'switchover' as const;
  machines.patroniOf(from)?.switchover(to, (reason) => {
    tell(reason === null ? { kind: 'done', effect } : { kind: 'failed', effect, reason });
  });
}

function handOver({ site, world, machines, process, etcd }: Parts, effect: EffectOf<'hand-over'>) {
  const { runs, tell } = process.life;
  new HandOver(effect, {
    ...{ site, world, machines, runs, tell },
    ask: (apply, then) => etcd.ask('hand-over', apply, then),
  }).look();
}

function cloneAnew({ site, world, machines }: Parts, from: Site): Input {
  const { bugs, network, note } = world;
  if (bugs.stuckIsLeft) return { kind: 'done', effect: 'reinitialize' };
  if (!network.links(site, from) || machines.postgresOf(from)?.accepts !== true)
    return { kind: 'failed', effect: 'reinitialize', reason: 'no primary lets it' };
  note(`${site} has its copy cloned anew`);
  machines.patroni?.reinitialize();
  return { kind: 'done', effect: 'reinitialize' };
}
