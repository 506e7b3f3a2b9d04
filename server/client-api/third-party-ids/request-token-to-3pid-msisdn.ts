import { refusesMsisdnToken } from './refuses-tokens.ts';

export const requestTokenTo3PIDMSISDN = refusesMsisdnToken(
  'requestTokenTo3PIDMSISDN',
  'account/3pid',
);
