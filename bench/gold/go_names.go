// Where the names of a Go line are defined, by go/types: what bench/cases.py asks for Go. Reads JSON lines
// {"file", "lines"} and answers each with {"LINE": [{"name", "column", "kind", "places": [[path, line]]}]}: the names
// that are defined in other files of the repository only. Lines count from 1, columns from 0 in bytes.
// Packages that are neither the repository's nor the standard library's are empty; what they would have typed is lost.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
)

type need struct {
	Name   string           `json:"name"`
	Column int              `json:"column"`
	Kind   string           `json:"kind"`
	Places [][2]interface{} `json:"places"`
}

type unit struct {
	pkg   *types.Package
	info  *types.Info
	files map[string]*ast.File
}

type finder struct {
	root    string
	modules map[string]string // module path → folder
	set     *token.FileSet
	std     types.Importer
	units   map[string]*unit
}

func (f *finder) findModules() {
	filepath.Walk(f.root, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Name() == "go.mod" {
			text, _ := os.ReadFile(path)
			for _, line := range strings.Split(string(text), "\n") {
				if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "module" {
					f.modules[strings.Trim(fields[1], `"`)] = filepath.Dir(path)
				}
			}
		}
		return nil
	})
}

func (f *finder) Import(name string) (*types.Package, error) {
	best := ""
	for module := range f.modules {
		if (name == module || strings.HasPrefix(name, module+"/")) && len(module) > len(best) {
			best = module
		}
	}
	if best != "" {
		folder := filepath.Join(f.modules[best], strings.TrimPrefix(name, best))
		if made := f.check(folder, name); made != nil {
			return made.pkg, nil
		}
	} else if !strings.Contains(strings.Split(name, "/")[0], ".") {
		return f.std.Import(name)
	}
	return nil, fmt.Errorf("no package %s", name)
}

func (f *finder) check(folder, name string) *unit {
	if made, seen := f.units[folder]; seen {
		return made
	}
	f.units[folder] = nil // a cycle finds nothing
	found, err := build.Default.ImportDir(folder, 0)
	if found == nil || len(found.GoFiles) == 0 {
		_ = err
		return nil
	}
	made := &unit{files: map[string]*ast.File{}, info: &types.Info{
		Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}}
	var files []*ast.File
	for _, file := range found.GoFiles {
		path := filepath.Join(folder, file)
		if parsed, _ := parser.ParseFile(f.set, path, nil, 0); parsed != nil {
			made.files[path] = parsed
			files = append(files, parsed)
		}
	}
	config := types.Config{Importer: f, FakeImportC: true, Error: func(error) {}}
	made.pkg, _ = config.Check(name, f.set, files, made.info)
	f.units[folder] = made
	return made
}

func (f *finder) answer(file string, lines []int) map[int][]need {
	found := map[int][]need{}
	path := filepath.Join(f.root, file)
	made := f.check(filepath.Dir(path), f.importName(filepath.Dir(path)))
	if made == nil || made.files[path] == nil {
		return found
	}
	wanted := map[int]bool{}
	for _, line := range lines {
		wanted[line] = true
	}
	ast.Inspect(made.files[path], func(node ast.Node) bool {
		if _, isImport := node.(*ast.ImportSpec); isImport {
			return false
		}
		if name, isName := node.(*ast.Ident); isName {
			at := f.set.Position(name.Pos())
			if one := f.need(made, name, path); wanted[at.Line] && one != nil {
				one.Column = at.Column - 1
				found[at.Line] = append(found[at.Line], *one)
			}
		}
		return true
	})
	return found
}

func (f *finder) importName(folder string) string {
	for module, base := range f.modules {
		if inner, err := filepath.Rel(base, folder); err == nil && !strings.HasPrefix(inner, "..") {
			return strings.TrimSuffix(module+"/"+filepath.ToSlash(inner), "/.")
		}
	}
	return folder
}

func (f *finder) need(made *unit, name *ast.Ident, path string) *need {
	object := made.info.Uses[name]
	if object == nil || object.Pkg() == nil {
		return nil
	}
	at := f.set.Position(object.Pos())
	inner, err := filepath.Rel(f.root, at.Filename)
	if err != nil || strings.HasPrefix(inner, "..") || at.Filename == path || !at.IsValid() {
		return nil
	}
	kind := ""
	switch found := object.(type) {
	case *types.Func:
		kind = "function"
		if found.Type().(*types.Signature).Recv() != nil {
			kind = "method"
		}
	case *types.TypeName:
		kind = "type"
	case *types.Const:
		kind = "constant"
	case *types.Var:
		kind = "variable"
		if found.IsField() {
			kind = "field"
		}
	default:
		return nil
	}
	return &need{Name: name.Name, Kind: kind, Places: [][2]interface{}{{filepath.ToSlash(inner), at.Line}}}
}

func main() {
	root, _ := filepath.Abs(os.Args[1])
	set := token.NewFileSet()
	f := &finder{root: root, modules: map[string]string{}, set: set, units: map[string]*unit{}}
	f.std = importer.ForCompiler(set, "source", nil)
	build.Default.CgoEnabled = false
	f.findModules()
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		var asked struct {
			File  string `json:"file"`
			Lines []int  `json:"lines"`
		}
		if err := json.Unmarshal(input.Bytes(), &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		answer, _ := json.Marshal(f.answer(asked.File, asked.Lines))
		fmt.Println(string(answer))
	}
}
