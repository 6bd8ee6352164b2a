import { IamProtos } from 'google-gax';
import { type Kms, callOptions } from './connection.ts';
import { faultOf, requireKeyName } from './kms-fault.ts';

/** A role, and who has it. */
export interface KeyGrant {
  readonly role: string;
  readonly members: readonly string[];
}

/** Who may do what with a key, as its own policy says. Throws KmsFault. */
export async function grantsOf(kms: Kms, key: string): Promise<readonly KeyGrant[]> {
  requireKeyName(key);
  try {
    return await kms.ask(async (timeoutMs) => {
      // Version 3 tells conditions too; under an older one a policy that has any is refused.
      const request = IamProtos.google.iam.v1.GetIamPolicyRequest.create({
        resource: key,
        options: { requestedPolicyVersion: 3 },
      });
      const [policy] = await kms.client.getIamPolicy(request, callOptions(timeoutMs));
      return policy.bindings.map(({ role, members }) => ({
        role: role ?? '',
        members: members ?? [],
      }));
    });
  } catch (error) {
    throw faultOf(key, error);
  }
}
