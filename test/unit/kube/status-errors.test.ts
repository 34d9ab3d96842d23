import { describe, expect, it } from '@jest/globals';
import { failureTypes } from '../../../core/values/error.ts';
import { statusError, type ApiStatus } from '../../../platform/kube/status-errors.ts';

const refusal = (status: number, message: string, details?: ApiStatus['details']) =>
  statusError({
    where: 'aws/shop/Deployment/checkout-v2',
    verb: 'apply',
    status,
    body: { message, ...(details === undefined ? {} : { details }) },
    retryAfterMs: undefined,
  });

describe('a field of the wrong type', () => {
  const typed =
    'failed to create typed patch object (shop/checkout-v2; apps/v1, Kind=Deployment): ' +
    '.spec.template.spec.containers[name="checkout"].env[name="PORT"].value: expected string, got &value.valueUnstructured{Value:8080}';

  it('is not retried and names the field, although Kubernetes 1.34 answers it with 500', () => {
    const error = refusal(500, typed);
    expect(error).toMatchObject({ code: 'Invalid', fix: expect.stringContaining('in quotes') });
    expect(failureTypes[error.code].retry).toBe(false);
    expect(error.message).toContain(
      'aws/shop/Deployment/checkout-v2: apply refused: wrong type in spec.template.spec.containers[name="checkout"].env[name="PORT"].value:',
    );
  });

  it('names all of several fields', () => {
    const several =
      'failed to create typed patch object (shop/checkout; apps/v1, Kind=Deployment): errors:\n' +
      '  .spec.template.metadata.annotations.prometheus.io/port: expected string, got &value.valueUnstructured{Value:9464}\n' +
      '  .spec.template.metadata.labels.release: expected string, got &value.valueUnstructured{Value:1.1}';
    expect(refusal(500, several).message).toContain(
      'wrong type in spec.template.metadata.annotations.prometheus.io/port, spec.template.metadata.labels.release:',
    );
  });

  it('leaves other answers of 500 as a server in trouble, also a webhook that does not answer', () => {
    expect(refusal(500, 'etcdserver: request timed out').code).toBe('Unavailable');
    const webhook = 'Internal error occurred: failed calling webhook "validate.kyverno.svc": context deadline exceeded';
    expect(refusal(500, webhook).code).toBe('Unavailable');
  });
});

describe('a policy', () => {
  const byPolicy =
    'deployments.apps "checkout-v2" is forbidden: ValidatingAdmissionPolicy \'require-team\' with binding ' +
    "'require-team' denied request: label team is missing";

  it.each([403, 422, 401])('is named, and is no missing role, whichever status it chose (%d)', (status) => {
    const error = refusal(status, byPolicy);
    expect(error.code).toBe('Invalid');
    expect(error.message).toContain('ValidatingAdmissionPolicy require-team does not allow it');
    expect(error.message).toContain('label team is missing');
    expect(error.fix).toContain('require-team');
    expect(error.fix).not.toContain('grant');
  });

  it('of a webhook is named with the field of its words', () => {
    const kyverno =
      'admission webhook "validate.kyverno.svc-fail" denied the request: \n\nresource Deployment/shop/checkout-v2 was blocked ' +
      "due to the following policies \n\nrequire-labels:\n  check-team: 'validation error: rule check-team failed at path /metadata/labels/team/'\n";
    expect(refusal(403, kyverno).message).toContain(
      'the admission webhook validate.kyverno.svc-fail does not allow it at metadata.labels.team:',
    );
    const gatekeeper =
      'admission webhook "validation.gatekeeper.sh" denied the request: [no-root] spec.template.spec.securityContext is not set';
    expect(refusal(403, gatekeeper).message).toContain('does not allow it at spec.template.spec.securityContext:');
  });

  it('names the fields that the Status names', () => {
    const causes = [{ field: 'spec.replicas', message: 'too many' }];
    expect(refusal(403, 'admission webhook "w.example" denied the request: no', { causes }).message).toContain(
      'the admission webhook w.example does not allow it at spec.replicas',
    );
  });
});

describe('403 for other reasons than a role', () => {
  it('names the quota that is full, with a remedy of its own', () => {
    const error = refusal(
      403,
      'deployments.apps "checkout-v2" is forbidden: exceeded quota: shop-quota, requested: count/deployments.apps=1, used: 5, limited: 5',
    );
    expect(error).toMatchObject({ code: 'Invalid', fix: expect.stringContaining('ResourceQuota shop-quota') });
    expect(error.fix).not.toContain('grant');
  });

  it('says that the namespace is being deleted', () => {
    const error = refusal(
      403,
      'deployments.apps "checkout-v2" is forbidden: unable to create new content in namespace shop because it is being terminated',
    );
    expect(error).toMatchObject({ code: 'Invalid', fix: expect.stringContaining('being deleted') });
    expect(error.fix).not.toContain('grant');
  });

  it('is a missing role when nothing else is said', () => {
    const error = refusal(403, 'deployments.apps is forbidden: User "tidegate" cannot create resource "deployments"');
    expect(error).toMatchObject({ code: 'Forbidden', fix: expect.stringContaining('grant it') });
  });
});
