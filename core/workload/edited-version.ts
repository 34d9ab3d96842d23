/** The refusal of a version whose pod template others changed: its name stands for one template, for ever. */
export interface EditedVersion {
  readonly cluster: string;
  readonly namespace: string;
  readonly deployment: string;
  readonly version: string;
  /** Who changed it, and when. */
  readonly editor: string;
}

export const describeEdited = ({
  cluster,
  namespace,
  deployment,
  version,
  editor,
}: EditedVersion): { readonly text: string; readonly fix: string } => ({
  text: `${cluster}/${namespace}/Deployment/${deployment}: its pod template was changed by ${editor}, and version ${version} stands for the one that it was made with`,
  fix: `put it back (kubectl rollout undo deployment/${deployment}), and deploy the change under another version name`,
});
