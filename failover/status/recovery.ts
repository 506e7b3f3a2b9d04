import type { RecoveryWanted } from '../core/inputs.ts';
import type { PossiblePromotion } from '../core/recovery/promotion.ts';

export type { PossiblePromotion, PromotionPlan } from '../core/recovery/promotion.ts';
export type { Plan, Possible } from '../core/recovery/recovery.ts';
export type { AtStake, Missing, RecoveryRecord } from '../core/recovery-shown.ts';

/** What an operator orders who has seen a plan: on condition that all is still so. */
export type RecoveryOrder = Pick<RecoveryWanted, 'to' | 'seen' | 'confirmed' | 'by'>;

/** What stays of an order to go on with one member of etcd alone (cli/promote.ts), beside the orders to recover. */
export interface AloneRecord {
  readonly at: string;
  readonly by: string;
  /** Whose machine was asked. */
  readonly asked: string;
  /** Who was given up. */
  readonly without: string;
  readonly order: string;
  readonly confirmed: string;
  /** What he was shown. */
  readonly shown: Pick<PossiblePromotion, 'etcdSilentMs' | 'sync' | 'copy' | 'missing' | 'atStake'>;
}
