//go:build tools

// Package tools keeps the requirements of clustermesh-apiserver, which is built from this module:
//
//	go build github.com/cilium/cilium/clustermesh-apiserver
package tools

import (
	_ "github.com/cilium/cilium/clustermesh-apiserver/cmd"
)
