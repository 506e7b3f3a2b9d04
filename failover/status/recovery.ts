import type { RecoveryWanted } from '../core/inputs.ts';

export type { Plan, Possible } from '../core/recovery/recovery.ts';
export type { AtStake, RecoveryRecord } from '../core/recovery-shown.ts';

/** What an operator orders who has seen a plan: on condition that all is still so. */
export type RecoveryOrder = Pick<RecoveryWanted, 'to' | 'seen' | 'confirmed' | 'by'>;

/** What stays of an order to go on with one member of etcd alone (cli/promote.ts), beside the orders to recover. */
export interface AloneRecord {
  readonly at: string;
  readonly by: string;
  /** Whose machine was asked. */
  readonly asked: string;
  /** The hosts of etcd's members that were given up. */
  readonly without: readonly string[];
  readonly confirmed: string;
}
