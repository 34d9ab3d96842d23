/** Small valid documents; a case changes one thing. */
export const meshText = `apiVersion: tidegate.dev/v1alpha1
kind: Mesh
metadata: { name: shop }
spec:
  clusters:
    - name: aws-us-east-1
      cilium: { id: 1 }
      locality: { cloud: aws, region: us-east-1 }
      labels: { tier: canary }
      kubeconfig: { path: k.yaml }
    - name: gcp-europe-west1
      cilium: { id: 2 }
      locality: { cloud: gcp, region: europe-west1 }
      kubeconfig: { path: k.yaml }
    - name: onprem-fra1
      cilium: { id: 3 }
      locality: { cloud: onprem, region: fra1 }
      kubeconfig: { path: k.yaml }
  metrics:
    prometheus:
      url: http://prometheus:9090
`;

/** \`body\` starts on line 6, below \`mesh\`, indented by two spaces. */
export const serviceText = (body = '', name = 'checkout'): string => `apiVersion: tidegate.dev/v1alpha1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec:
  mesh: shop
${body}`;

/** A rollout with one wave of all clusters; `steps` starts on line 10. */
export const stepsText = (steps: readonly string[]): string =>
  serviceText(`  rollout:
    waves:
      - clusters: rest
        steps:
${steps.map((step) => `          - ${step}\n`).join('')}`);

/** SLOs; `slo` starts on line 7. */
export const sloText = (slo: string): string =>
  serviceText(`  slos:
${slo
  .split('\n')
  .map((line) => `    ${line}\n`)
  .join('')}`);
