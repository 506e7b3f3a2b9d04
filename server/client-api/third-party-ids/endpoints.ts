import { add3PID } from './add-3pid.ts';
import { bind3PID } from './bind-3pid.ts';
import { delete3pidFromAccount } from './delete-3pid-from-account.ts';
import { getAccount3PIDs } from './get-account-3pids.ts';
import { post3PIDs } from './post-3pids.ts';
import { requestTokenTo3PIDEmail } from './request-token-to-3pid-email.ts';
import { requestTokenTo3PIDMSISDN } from './request-token-to-3pid-msisdn.ts';
import { requestTokenToRegisterEmail } from './request-token-to-register-email.ts';
import { requestTokenToRegisterMSISDN } from './request-token-to-register-msisdn.ts';
import { requestTokenToResetPasswordEmail } from './request-token-to-reset-password-email.ts';
import { requestTokenToResetPasswordMSISDN } from './request-token-to-reset-password-msisdn.ts';
import { unbind3pidFromAccount } from './unbind-3pid-from-account.ts';

export const thirdPartyIdEndpoints = [
  getAccount3PIDs,
  post3PIDs,
  add3PID,
  bind3PID,
  delete3pidFromAccount,
  unbind3pidFromAccount,
  requestTokenTo3PIDEmail,
  requestTokenTo3PIDMSISDN,
  requestTokenToResetPasswordEmail,
  requestTokenToResetPasswordMSISDN,
  requestTokenToRegisterEmail,
  requestTokenToRegisterMSISDN,
];
