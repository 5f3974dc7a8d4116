{{/*
"true" where a definition is not there yet or belongs to this release. Helm would refuse the whole release over one of another
release, also one of this name in another namespace, or over one that was applied without Helm.
*/}}
{{- define "holdfast.ownsDefinition" -}}
{{- $annotations := dig "metadata" "annotations" dict (.present | default dict) | default dict }}
{{- $name := get $annotations "meta.helm.sh/release-name" }}
{{- $namespace := get $annotations "meta.helm.sh/release-namespace" }}
{{- if or (not .present) (and (eq $name .release.Name) (eq $namespace .release.Namespace)) }}true{{ end }}
{{- end }}

{{/* The names of the definitions that are left to others, with spaces between them. */}}
{{- define "holdfast.foreignDefinitions" -}}
{{- $foreign := list }}
{{- range $path, $_ := .Files.Glob "files/crds/*.yaml" }}
{{- $name := ($.Files.Get $path | fromYaml).metadata.name }}
{{- $present := lookup "apiextensions.k8s.io/v1" "CustomResourceDefinition" "" $name }}
{{- if not (include "holdfast.ownsDefinition" (dict "present" $present "release" $.Release)) }}
{{- $foreign = append $foreign $name }}
{{- end }}
{{- end }}
{{- join " " $foreign }}
{{- end }}
