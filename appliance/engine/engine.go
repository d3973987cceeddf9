// Package engine is the simulated scanners of the work queue. They are
// deterministic: well-known test texts and files, tables and rules of the
// configuration decide, so that a test knows what comes out.
package engine
